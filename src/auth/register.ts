import { createHash, createHmac } from 'node:crypto';
import stringify from 'safe-stable-stringify';
import type { Caller } from '../caller.ts';
import type { AuthFunctions, StoredRegistration } from '../db/auth-functions.ts';
import type { InTransaction } from '../db/transaction.ts';
import { AppError } from '../errors/app-error.ts';
import type { PasswordHasher } from '../passwords/hasher.ts';
import type { ConfirmRevocation } from '../revocation/confirm.ts';
import type { AccessTokens } from '../tokens/access-token-issuer.ts';
import type { DeviceTokens } from '../tokens/device-token.ts';
import type { RefreshTokens } from '../tokens/refresh-token.ts';
import { upgradeGuest } from './guest.ts';
import type { Guest, ReadGuest } from './guest.ts';
import { attemptSubjects } from './login-attempts.ts';
import type { LoginAttempts } from './login-attempts.ts';
import type { OpenAccount } from './open-account.ts';
import type { OpenSession } from './open-session.ts';
import type { ReadRegistration, RegisterInput, Registration } from './registration-input.ts';
import type { RegistrationRefusals } from './registration-refusals.ts';
import type { SignedInUser } from './session-tokens.ts';

export type RegisterDeps = {
  readonly read: ReadRegistration;
  readonly refusals: RegistrationRefusals;
  readonly inTransaction: InTransaction;
  readonly auth: Pick<AuthFunctions, 'findRegistration'>;
  readonly readGuest: ReadGuest;
  readonly hasher: PasswordHasher;
  readonly attempts: LoginAttempts;
  readonly openAccount: OpenAccount;
  readonly openSession: Pick<OpenSession, 'sign'>;
  readonly accessTokens: Pick<AccessTokens, 'issue'>;
  readonly refreshTokens: Pick<RefreshTokens, 'first'>;
  readonly deviceTokens: Pick<DeviceTokens, 'issue'>;
  readonly confirmRevocation: ConfirmRevocation;
  readonly digestKey: Buffer;
  /** Milliseconds. */
  readonly idempotencyWindow: number;
};

/** Opens an account and its first session, all or nothing; with an idempotency key a repeat gets the same answer. */
export function createRegister(deps: RegisterDeps) {
  return async function register(input: RegisterInput, caller: Caller, signal: AbortSignal): Promise<SignedInUser> {
    const registration = deps.read(input);
    await deps.refusals.requireInterface(registration, caller);

    const once =
      registration.idempotencyKey === null ? null : idempotency(registration, registration.idempotencyKey, caller);
    const earlier = once && (await deps.auth.findRegistration(once.keyHash));
    // Before the guest is looked at: the first call has ended his session.
    if (earlier) return await replay(earlier, once, registration, caller, signal);
    let guest: Guest | null;
    try {
      guest = await deps.readGuest(input.guestAccessToken);
    } catch (error) {
      // The call that this one repeats may have done so just now.
      const winner = once && (await deps.auth.findRegistration(once.keyHash));
      if (winner) return await replay(winner, once, registration, caller, signal);
      throw error;
    }

    const passwordHash = await deps.hasher.hash(registration.password, signal);
    const result = await deps.refusals.recorded(registration, caller, () =>
      deps.inTransaction(async (functions) => {
        const { auth } = functions;
        if (once) {
          await auth.lockRegistration(once.keyHash);
          const winner = await auth.findRegistration(once.keyHash);
          if (winner) return { winner };
        }
        const user = { ...registration, passwordHash, guest };
        const { userId, opened } = await deps.openAccount(functions, user, caller, once?.key);
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
        return { userId, opened, revocation: guest && (await upgradeGuest(functions, guest, opened.sessionId)) };
      }),
    );

    if ('winner' in result) {
      if (!once) throw new Error('A registration without a key was found by its key.');
      return await replay(result.winner, once, registration, caller, signal);
    }
    const { userId, opened, revocation } = result;
    if (revocation) await deps.confirmRevocation(revocation);
    return {
      userId,
      roles: opened.roles,
      tokens: await deps.openSession.sign(userId, opened),
      deviceToken: deps.deviceTokens.issue(userId, { sessionId: opened.sessionId, issuedAt: opened.plan.issuedAt }),
    };
  };

  function idempotency(registration: Registration, key: string, caller: Caller) {
    // Two services may make the same key; each has its own.
    const keyHash = createHash('sha256')
      .update(`${caller.service?.name ?? ''}/${key}`)
      .digest('hex');
    const { contacts, profile, groupNames } = registration;
    // Another key is another request: the token that it would be answered with is not the one that is stored.
    const clientKey = caller.clientKey ?? undefined;
    const content = stringify({ contacts, profile, groupNames, interface: registration.interface, clientKey }) ?? '';
    // Without the password, which the stored hash answers for, and without the guest's token, which he may have refreshed
    // between two calls; keyed, as the rest is personal data.
    return { key, keyHash, digest: createHmac('sha256', deps.digestKey).update(content).digest('hex') };
  }

  async function replay(
    earlier: StoredRegistration,
    once: { key: string; digest: string },
    registration: Registration,
    caller: Caller,
    signal: AbortSignal,
  ): Promise<SignedInUser> {
    const isSame =
      earlier.requestDigest === once.digest &&
      (await isPassword(registration.password, earlier, caller.network, signal));
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
        refreshToken: deps.refreshTokens.first(sessionId, once.key, caller.clientKey).text,
        refreshExpiresAt,
      },
      deviceToken: deps.deviceTokens.issue(userId, { sessionId, issuedAt }),
    };
  }

  /** A guess like those of Login, and counted with them. */
  async function isPassword(
    password: string,
    { userId, passwordHash }: StoredRegistration,
    network: string | null,
    signal: AbortSignal,
  ): Promise<boolean> {
    const subjects = attemptSubjects(userId, '', network);
    await deps.attempts.reserve(subjects);
    // Only a wrong one keeps its place: one that was never checked is no guess.
    const isMatch = await deps.hasher.verify(password, passwordHash, signal).catch(async (error: unknown) => {
      await deps.attempts.release(subjects);
      throw error;
    });
    if (isMatch) await deps.attempts.release(subjects);
    return isMatch;
  }
}

export type Register = ReturnType<typeof createRegister>;
