import { createHash } from 'node:crypto';
import type { AuthFunctions } from '../db/auth-functions.ts';
import { AppError } from '../errors/app-error.ts';

/** Who is guessing: an account, known or not, and the address it is guessed from. */
export type AttemptSubjects = { readonly account: string; readonly address: string | null };

/** Counts logins before they are evaluated (auth.reserve_login_attempt), so that parallel guesses are all counted. */
export type LoginAttempts = {
  /** @throws LOGIN_THROTTLED, then nothing may be evaluated */
  readonly reserve: (subjects: AttemptSubjects) => Promise<void>;
  /** For an attempt that was not evaluated. */
  readonly release: (subjects: AttemptSubjects) => Promise<void>;
};

type Deps = {
  readonly auth: Pick<AuthFunctions, 'reserveLoginAttempt' | 'releaseLoginAttempt'>;
  readonly failuresPerAccount: number;
  readonly failuresPerAddress: number;
};

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/**
 * The account is counted by user, or by user and device where the device has logged in before: strangers then cannot use its
 * owner's attempts up. A login that nobody has is counted by the hash of its text: it is throttled like any other.
 */
export function attemptSubjects(
  userId: string | null,
  login: string,
  network: string | null,
  device: string | null = null,
): AttemptSubjects {
  const ofUser = device === null ? `user:${userId}` : `user:${userId}:device:${device}`;
  return {
    account: userId ? ofUser : `login:${createHash('sha256').update(login).digest('hex')}`,
    address: network ? `address:${network}` : null,
  };
}

/** Of somebody who is signed in and types his password again. */
export function sessionSubjects(userId: string, sessionId: string): AttemptSubjects {
  return { account: `user:${userId}:session:${sessionId}`, address: null };
}

export function createLoginAttempts({ auth, failuresPerAccount, failuresPerAddress }: Deps): LoginAttempts {
  return {
    async reserve({ account, address }) {
      // The address first: one that is refused leaves nothing behind.
      const addressWait =
        address === null
          ? 0
          : await auth.reserveLoginAttempt({
              subject: address,
              limit: failuresPerAddress,
              firstBlock: null,
              longestBlock: DAY,
              window: DAY,
            });
      if (addressWait > 0) throw new AppError('LOGIN_THROTTLED', { retryAfter: addressWait });
      const accountWait = await auth.reserveLoginAttempt({
        subject: account,
        limit: failuresPerAccount,
        firstBlock: MINUTE,
        longestBlock: 15 * MINUTE,
        window: DAY,
      });
      if (accountWait > 0) {
        if (address !== null) await auth.releaseLoginAttempt(address);
        throw new AppError('LOGIN_THROTTLED', { retryAfter: accountWait });
      }
    },
    async release({ account, address }) {
      await auth.releaseLoginAttempt(account);
      if (address) await auth.releaseLoginAttempt(address);
    },
  };
}
