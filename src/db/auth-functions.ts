import type { CallFunction } from './call-function.ts';
import { committedRevocation } from './committed-revocation.ts';
import type { RevocationRow } from './committed-revocation.ts';
import { interval, oneRow } from './one-row.ts';

export type LogoutScope = 'this' | 'all' | 'others';
type RefreshOutcome = 'rotated' | 'replayed' | 'reused' | 'expired' | 'ended' | 'unknown';

/**
 * A revocation that is committed: the revision that every replica must know, the replicas that may not yet, and the longest
 * lease that one of them may hold (milliseconds).
 */
export type CommittedRevocation = {
  readonly revision: number;
  readonly replicas: readonly string[];
  readonly longestLease: number;
};

/**
 * One revoked thing: its revision, what it is, its id, and when the last token that it concerns ends (epoch seconds); of a
 * change of roles the user's id, and the roles.
 */
export type RevocationEntry = readonly [
  revision: number,
  kind: 'token' | 'session' | 'roles',
  subject: string,
  expiresAt: number,
  roles?: readonly string[] | null,
];

type ConsumedRefreshToken = {
  readonly outcome: RefreshOutcome;
  /** Of the token that counts from now on; null: none does. */
  readonly generation: number | null;
  readonly userId: string | null;
  readonly roles: readonly string[];
  readonly expiresAt: Date | null;
  readonly accessExpiresAt: Date | null;
  readonly revocation: CommittedRevocation | null;
};

export type StoredSigningKey = {
  readonly kid: string;
  readonly algorithm: 'EdDSA' | 'ES256' | 'RS256';
  readonly publicJwk: Readonly<Record<string, string>>;
  readonly encryptedPrivateKey: Buffer;
  readonly createdAt: Date;
  readonly activeFrom: Date;
  readonly retiredAt: Date | null;
};

export type StoredRegistration = {
  readonly requestDigest: string;
  readonly userId: string;
  readonly passwordHash: string | null;
  readonly roles: readonly string[];
  readonly sessionId: string;
  readonly tokenId: string;
  readonly issuedAt: Date;
  readonly accessExpiresAt: Date | null;
  readonly refreshExpiresAt: Date | null;
  readonly generation: number | null;
  readonly isLive: boolean;
};

/** A revocation, and who did it (null: the service itself), by which trigger and when. */
export type StoredRevocation = {
  readonly revision: number;
  readonly kind: 'token' | 'session';
  readonly subject: string;
  readonly trigger: string;
  readonly createdAt: Date;
  readonly revokedBy: string | null;
};

export type StoredSession = {
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
  readonly expiresAt: Date;
  readonly endedAt: Date | null;
  readonly endTrigger: string | null;
  readonly endedBy: string | null;
};

export type AuthFunctions = ReturnType<typeof createAuthFunctions>;

/** Schema auth, one method a function. What each does is said in sql/functions/auth. */
export function createAuthFunctions(call: CallFunction) {
  return {
    async appendEvent(event: { type: string; userId?: string; sessionId?: string; data?: object }): Promise<void> {
      await call('auth.append_event', [
        event.type,
        event.userId ?? null,
        event.sessionId ?? null,
        JSON.stringify(event.data ?? {}),
      ]);
    },

    /** The user's roles; null for a user who is not active any more, or whose password has another hash by now. */
    async createSession(session: {
      userId: string;
      sessionId: string;
      interface: string | null;
      userAgent: string | null;
      ip: string | null;
      expiresAt: Date;
      accessExpiresAt: Date;
      /** What a password was checked against. */
      passwordHash?: string | null;
    }): Promise<readonly string[] | null> {
      const row = oneRow(
        await call<{ create_session: string[] | null }>('auth.create_session', [
          session.userId,
          session.sessionId,
          session.interface,
          session.userAgent,
          session.ip,
          session.expiresAt,
          session.accessExpiresAt,
          session.passwordHash ?? null,
        ]),
      );
      return row.create_session;
    },

    /** Whether the session began less than `maxAge` milliseconds ago. */
    async isRecentLogin(sessionId: string, maxAge: number): Promise<boolean> {
      type Row = { is_recent_login: boolean };
      return oneRow(await call<Row>('auth.is_recent_login', [sessionId, interval(maxAge)])).is_recent_login;
    },

    async createRefreshToken(token: {
      userId: string;
      tokenHash: string;
      expiresAt: Date;
      sessionId: string;
    }): Promise<void> {
      await call('auth.create_refresh_token', [token.userId, token.tokenHash, token.expiresAt, token.sessionId]);
    },

    async consumeRefreshToken(token: {
      tokenHash: string;
      sessionId: string;
      generation: number;
      successorHash: string;
      grace: number;
      expiresAt: Date;
      accessExpiresAt: Date;
      /** Whether it is bound to a key, which was proved. */
      isBound: boolean;
    }): Promise<ConsumedRefreshToken> {
      const row = oneRow(
        await call<{
          outcome: RefreshOutcome;
          generation: number | null;
          user_id: string | null;
          roles: string[] | null;
          expires_at: Date | null;
          access_expires_at: Date | null;
          revision: number | null;
          replicas: string[] | null;
          longest_lease_ms: number | null;
        }>('auth.consume_refresh_token', [
          token.tokenHash,
          token.sessionId,
          token.generation,
          token.successorHash,
          interval(token.grace),
          token.expiresAt,
          token.accessExpiresAt,
          token.isBound,
        ]),
      );
      return {
        outcome: row.outcome,
        generation: row.generation,
        userId: row.user_id,
        roles: row.roles ?? [],
        expiresAt: row.expires_at,
        accessExpiresAt: row.access_expires_at,
        revocation:
          row.revision === null
            ? null
            : {
                revision: row.revision,
                replicas: row.replicas ?? [],
                longestLease: row.longest_lease_ms ?? 0,
              },
      };
    },

    /** Leaves an event of a live session, at most one a minute. */
    async noteRefusedRefresh(sessionId: string): Promise<void> {
      await call('auth.note_refused_refresh', [sessionId]);
    },

    async logout(input: {
      userId: string;
      sessionId: string;
      scope: LogoutScope;
      tokenId: string;
      tokenExpiresAt: Date;
    }): Promise<CommittedRevocation & { ended: number }> {
      const row = oneRow(
        await call<RevocationRow & { ended: number }>('auth.logout', [
          input.userId,
          input.sessionId,
          input.scope,
          input.tokenId,
          input.tokenExpiresAt,
        ]),
      );
      return { ended: row.ended, ...committedRevocation(row) };
    },

    async registerReplica(replica: { id: string; lease: number; tokenLifetime: number }): Promise<void> {
      await call('auth.register_replica', [replica.id, interval(replica.lease), interval(replica.tokenLifetime)]);
    },

    async touchReplica(id: string): Promise<void> {
      await call('auth.touch_replica', [id]);
    },

    async forgetReplica(id: string): Promise<void> {
      await call('auth.forget_replica', [id]);
    },

    async readRevocations(input: { replicaId: string; after: number; limit: number }): Promise<{
      isRegistered: boolean;
      revision: number;
      keysVersion: number;
      entries: readonly RevocationEntry[];
    }> {
      const row = oneRow(
        await call<{
          is_registered: boolean;
          revision: number;
          keys_version: number;
          entries: RevocationEntry[] | null;
        }>('auth.read_revocations', [input.replicaId, input.after, input.limit]),
      );
      return {
        isRegistered: row.is_registered,
        revision: row.revision,
        keysVersion: row.keys_version,
        entries: row.entries ?? [],
      };
    },

    /** What is known of a token by the ids that it names; null: it names none. */
    async explainToken(token: {
      tokenId: string | null;
      sessionId: string | null;
      userId: string | null;
      actor: string;
    }): Promise<{
      revision: number;
      revocations: readonly StoredRevocation[];
      session: StoredSession | null;
      account: { isActive: boolean } | null;
    }> {
      const row = oneRow(
        await call<{
          revision: number;
          revocations: {
            revision: number;
            kind: 'token' | 'session';
            subject: string;
            trigger: string;
            created_at: string;
            revoked_by: string | null;
          }[];
          session_created_at: Date | null;
          session_last_used_at: Date | null;
          session_expires_at: Date | null;
          session_ended_at: Date | null;
          session_end_trigger: string | null;
          session_ended_by: string | null;
          account_is_active: boolean | null;
        }>('auth.explain_token', [token.tokenId, token.sessionId, token.userId, token.actor]),
      );
      const { session_created_at: createdAt, session_last_used_at: lastUsedAt, session_expires_at: expiresAt } = row;
      return {
        revision: row.revision,
        revocations: row.revocations.map(({ created_at, revoked_by, ...rest }) => ({
          ...rest,
          createdAt: new Date(created_at),
          revokedBy: revoked_by,
        })),
        session:
          createdAt && lastUsedAt && expiresAt
            ? {
                createdAt,
                lastUsedAt,
                expiresAt,
                endedAt: row.session_ended_at,
                endTrigger: row.session_end_trigger,
                endedBy: row.session_ended_by,
              }
            : null,
        account: row.account_is_active === null ? null : { isActive: row.account_is_active },
      };
    },

    async listSigningKeys(): Promise<StoredSigningKey[]> {
      const rows = await call<{
        kid: string;
        algorithm: StoredSigningKey['algorithm'];
        public_jwk: Record<string, string>;
        encrypted_private_key: Buffer;
        created_at: Date;
        active_from: Date;
        retired_at: Date | null;
      }>('auth.list_signing_keys', []);
      return rows.map((row) => ({
        kid: row.kid,
        algorithm: row.algorithm,
        publicJwk: row.public_jwk,
        encryptedPrivateKey: row.encrypted_private_key,
        createdAt: row.created_at,
        activeFrom: row.active_from,
        retiredAt: row.retired_at,
      }));
    },

    /** False when another key was added since `newestKid` was read: then nothing has changed. */
    async addSigningKey(key: {
      kid: string;
      algorithm: StoredSigningKey['algorithm'];
      publicJwk: object;
      encryptedPrivateKey: Buffer;
      activeIn: number;
      overlap: number;
      newestKid: string | null;
    }): Promise<boolean> {
      const row = oneRow(
        await call<{ add_signing_key: boolean }>('auth.add_signing_key', [
          key.kid,
          key.algorithm,
          JSON.stringify(key.publicJwk),
          key.encryptedPrivateKey,
          interval(key.activeIn),
          interval(key.overlap),
          key.newestKid,
        ]),
      );
      return row.add_signing_key;
    },

    async withdrawSigningKey(kid: string): Promise<{ withdrawn: boolean; longestLease: number }> {
      type Row = { withdrawn: boolean; longest_lease_ms: number };
      const row = oneRow(await call<Row>('auth.withdraw_signing_key', [kid]));
      return { withdrawn: row.withdrawn, longestLease: row.longest_lease_ms };
    },

    async lockRegistration(keyHash: string): Promise<void> {
      await call('auth.lock_registration', [keyHash]);
    },

    async findRegistration(keyHash: string): Promise<StoredRegistration | null> {
      const [row] = await call<{
        request_digest: string;
        user_id: string;
        password_hash: string | null;
        roles: string[];
        session_id: string;
        token_id: string;
        issued_at: Date;
        access_expires_at: Date | null;
        refresh_expires_at: Date | null;
        generation: number | null;
        is_live: boolean;
      }>('auth.find_registration', [keyHash]);
      if (!row) return null;
      return {
        requestDigest: row.request_digest,
        userId: row.user_id,
        passwordHash: row.password_hash,
        roles: row.roles,
        sessionId: row.session_id,
        tokenId: row.token_id,
        issuedAt: row.issued_at,
        accessExpiresAt: row.access_expires_at,
        refreshExpiresAt: row.refresh_expires_at,
        generation: row.generation,
        isLive: row.is_live,
      };
    },

    async rememberRegistration(registration: {
      keyHash: string;
      requestDigest: string;
      userId: string;
      sessionId: string;
      tokenId: string;
      issuedAt: Date;
      expiresAt: Date;
    }): Promise<void> {
      await call('auth.remember_registration', [
        registration.keyHash,
        registration.requestDigest,
        registration.userId,
        registration.sessionId,
        registration.tokenId,
        registration.issuedAt,
        registration.expiresAt,
      ]);
    },

    /** Milliseconds until the subject may try again; 0: this attempt is taken and may be evaluated. */
    async reserveLoginAttempt(attempt: {
      subject: string;
      limit: number;
      /** null: blocked until the window ends. */
      firstBlock: number | null;
      longestBlock: number;
      window: number;
    }): Promise<number> {
      const row = oneRow(
        await call<{ is_allowed: boolean; retry_after_seconds: number }>('auth.reserve_login_attempt', [
          attempt.subject,
          attempt.limit,
          attempt.firstBlock === null ? null : interval(attempt.firstBlock),
          interval(attempt.longestBlock),
          interval(attempt.window),
        ]),
      );
      return row.is_allowed ? 0 : Math.max(row.retry_after_seconds, 1) * 1000;
    },

    async releaseLoginAttempt(subject: string): Promise<void> {
      await call('auth.release_login_attempt', [subject]);
    },

    async forgiveLoginAttempts(subject: string): Promise<void> {
      await call('auth.forgive_login_attempts', [subject]);
    },

    async deleteExpired(input: {
      batch: number;
      sessionRetention: number;
      eventRetention: number;
      messageRetention: number;
    }): Promise<{ relation: string; removed: number }[]> {
      return await call<{ relation: string; removed: number }>('auth.delete_expired', [
        input.batch,
        interval(input.sessionRetention),
        interval(input.eventRetention),
        interval(input.messageRetention),
      ]);
    },

    async listOwnPrivileges(): Promise<string[]> {
      return (await call<{ relation: string }>('auth.list_own_privileges', [])).map((row) => row.relation);
    },
  };
}
