import { createHash, createHmac } from 'node:crypto';
import stringify from 'safe-stable-stringify';
import type { Caller } from '../caller.ts';
import type { AuthFunctions, StoredRegistration } from '../db/auth-functions.ts';
import type { InTransaction } from '../db/transaction.ts';
import { AppError } from '../errors/app-error.ts';
import type { PasswordHasher } from '../passwords/hasher.ts';
import type { AccessTokens } from '../tokens/access-token-issuer.ts';
import type { RefreshTokens } from '../tokens/refresh-token.ts';
import type { OpenSession } from './open-session.ts';
import type { ReadRegistration, RegisterInput, Registration } from './registration-input.ts';
import type { SignedInUser } from './session-tokens.ts';

export type RegisterDeps = {
  readonly read: ReadRegistration;
  readonly inTransaction: InTransaction;
  readonly auth: Pick<AuthFunctions, 'appendEvent' | 'findRegistration'>;
  readonly hasher: PasswordHasher;
  readonly openSession: OpenSession;
  readonly accessTokens: Pick<AccessTokens, 'issue'>;
  readonly refreshTokens: Pick<RefreshTokens, 'first'>;
  readonly digestKey: Buffer;
  /** Milliseconds. */
  readonly idempotencyWindow: number;
};

/** Opens an account and its first session, all or nothing; with an idempotency key a repeat gets the same answer. */
export function createRegister(deps: RegisterDeps) {
  return async function register(input: RegisterInput, caller: Caller, signal: AbortSignal): Promise<SignedInUser> {
    const registration = deps.read(input);
    if (!caller.interfaces.includes(registration.interface)) {
      await deps.auth.appendEvent({
        type: 'registration.refused',
        data: refusal('INTERFACE_NOT_ALLOWED', registration, caller),
      });
      throw new AppError('INTERFACE_NOT_ALLOWED', { metadata: { interface: registration.interface } });
    }

    const once =
      registration.idempotencyKey === null ? null : idempotency(registration, registration.idempotencyKey, caller);
    const earlier = once && (await deps.auth.findRegistration(once.keyHash));
    if (earlier) return await replay(earlier, once, registration, signal);

    const passwordHash = await deps.hasher.hash(registration.password, signal);
    const result = await deps
      .inTransaction(async ({ accounts, auth }) => {
        if (once) {
          await auth.lockRegistration(once.keyHash);
          const winner = await auth.findRegistration(once.keyHash);
          if (winner) return { winner };
        }
        const { id: userId } = await accounts.createUserWithRelations({ ...registration, passwordHash });
        const opened = await deps.openSession.write(
          { auth },
          { userId, interface: registration.interface, seed: once?.key },
          caller,
        );
        if (!opened) throw new Error('A user who was just created is not active.');
        if (once) {
          await auth.rememberRegistration({
            keyHash: once.keyHash,
            requestDigest: once.digest,
            userId,
            sessionId: opened.sessionId,
            tokenId: opened.plan.tokenId,
            issuedAt: opened.plan.issuedAt,
            expiresAt: new Date(opened.plan.issuedAt.getTime() + deps.idempotencyWindow),
          });
        }
        await auth.appendEvent({
          type: 'user.registered',
          userId,
          sessionId: opened.sessionId,
          data: { interface: registration.interface, roles: opened.roles },
        });
        return { userId, opened };
      })
      .catch(async (error: unknown) => {
        // The transaction is rolled back, and with it all of the user; what was asked for is recorded by itself.
        if (error instanceof AppError && error.reason === 'ROLE_NOT_ASSIGNABLE') {
          await deps.auth.appendEvent({
            type: 'registration.refused',
            data: refusal(error.reason, registration, caller),
          });
        }
        throw error;
      });

    if ('winner' in result) {
      if (!once) throw new Error('A registration without a key was found by its key.');
      return await replay(result.winner, once, registration, signal);
    }
    const { userId, opened } = result;
    return { userId, roles: opened.roles, tokens: await deps.openSession.sign(userId, opened) };
  };

  function idempotency(registration: Registration, key: string, caller: Caller) {
    // Two services may make the same key; each has its own.
    const keyHash = createHash('sha256')
      .update(`${caller.service?.name ?? ''}/${key}`)
      .digest('hex');
    const { contacts, profile, groupNames } = registration;
    const content = stringify({ contacts, profile, groupNames, interface: registration.interface }) ?? '';
    // Without the password, which the stored hash answers for; keyed, as the rest is personal data.
    return { key, keyHash, digest: createHmac('sha256', deps.digestKey).update(content).digest('hex') };
  }

  async function replay(
    earlier: StoredRegistration,
    once: { key: string; digest: string },
    registration: Registration,
    signal: AbortSignal,
  ): Promise<SignedInUser> {
    const isSame =
      earlier.requestDigest === once.digest &&
      (await deps.hasher.verify(registration.password, earlier.passwordHash, signal));
    if (!isSame) throw new AppError('IDEMPOTENCY_KEY_REUSED');
    const { userId, roles, sessionId, tokenId, issuedAt, accessExpiresAt, refreshExpiresAt } = earlier;
    if (!earlier.isLive || earlier.generation !== 1 || !accessExpiresAt || !refreshExpiresAt) {
      throw new AppError('IDEMPOTENCY_KEY_SPENT');
    }
    const plan = { tokenId, issuedAt, expiresAt: accessExpiresAt };
    return {
      userId,
      roles,
      tokens: {
        sessionId,
        accessToken: await deps.accessTokens.issue(plan, { userId, sessionId, roles }),
        accessExpiresAt,
        refreshToken: deps.refreshTokens.first(sessionId, once.key).text,
        refreshExpiresAt,
      },
    };
  }
}

function refusal(reason: string, registration: Registration, caller: Caller): object {
  return {
    reason,
    interface: registration.interface,
    group_names: registration.groupNames,
    service: caller.service?.name ?? null,
    address: caller.address,
  };
}

export type Register = ReturnType<typeof createRegister>;
