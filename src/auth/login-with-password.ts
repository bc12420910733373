import type { Contacts } from '../accounts/contact.ts';
import type { Caller } from '../caller.ts';
import type { AccountsFunctions } from '../db/accounts-functions.ts';
import type { AuthFunctions } from '../db/auth-functions.ts';
import type { InTransaction } from '../db/transaction.ts';
import { AppError } from '../errors/app-error.ts';
import { cleanText } from '../errors/clean-text.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import type { PasswordHasher } from '../passwords/hasher.ts';
import { LONGEST_PASSWORD, LONGEST_PASSWORD_INPUT } from '../passwords/policy.ts';
import { attemptSubjects } from './login-attempts.ts';
import type { LoginAttempts } from './login-attempts.ts';
import type { OpenSession } from './open-session.ts';
import type { SignedInUser } from './session-tokens.ts';

export type LoginDeps = {
  readonly inTransaction: InTransaction;
  readonly accounts: Pick<AccountsFunctions, 'getActiveUserContactByValue' | 'upgradePasswordHash'>;
  readonly auth: Pick<AuthFunctions, 'appendEvent'>;
  readonly attempts: LoginAttempts;
  readonly hasher: PasswordHasher;
  readonly contacts: Pick<Contacts, 'any'>;
  readonly openSession: OpenSession;
  readonly onProblem: (error: unknown) => void;
};

export type LoginInput = { readonly login: string; readonly password: string };

/** As it is compared; a text that is too long is not even normalised, which would be slow. */
function normalPassword(text: string): string | null {
  return text.length > LONGEST_PASSWORD_INPUT ? null : cleanText(text.normalize('NFC'), 1, LONGEST_PASSWORD);
}

/** Begins a session with a contact and a password. Whatever is wrong with them, the answer and its cost are the same. */
export function createLoginWithPassword(deps: LoginDeps) {
  return async function loginWithPassword(
    input: LoginInput,
    caller: Caller,
    signal: AbortSignal,
  ): Promise<SignedInUser> {
    const check = createFieldCheck();
    const login = check.accept(
      'login',
      cleanText(input.login, 1, 320),
      'must have 1 to 320 characters, none of them a control character',
    );
    const password = check.accept(
      'password',
      normalPassword(input.password),
      `must have 1 to ${LONGEST_PASSWORD} characters, none of them a control character`,
    );
    check.throwIfAny();

    // A text that cannot be a contact is looked up all the same: it costs what an unknown login costs.
    const value = deps.contacts.any(login)?.value ?? login;
    const account = await deps.accounts.getActiveUserContactByValue(value);
    const subjects = attemptSubjects(account?.userId ?? null, value, caller.network);
    await deps.attempts.reserve(subjects);

    const isMatch = await deps.hasher
      .verify(password, account?.passwordHash ?? null, signal)
      .catch(async (error: unknown) => {
        await deps.attempts.release(subjects);
        throw error;
      });
    if (!account || !isMatch) {
      await deps.auth.appendEvent({ type: 'login.failed', ...(account ? { userId: account.userId } : {}) });
      throw new AppError('CREDENTIALS_INVALID');
    }

    const { userId } = account;
    const opened = await deps.inTransaction(async ({ auth }) => {
      const session = await deps.openSession.write({ auth }, { userId, interface: null }, caller);
      if (!session) return null;
      await auth.forgiveLoginAttempts(subjects.account);
      if (subjects.address) await auth.releaseLoginAttempt(subjects.address);
      await auth.appendEvent({ type: 'user.logged_in', userId, sessionId: session.sessionId });
      return session;
    });
    // Deactivated while its password was being checked.
    if (!opened) throw new AppError('CREDENTIALS_INVALID');

    if (account.passwordHash && deps.hasher.isOutdated(account.passwordHash)) {
      // The session stands: that the hash cannot be raised at this moment is no reason to refuse the login.
      await raiseHash(userId, password, account.passwordHash).catch(deps.onProblem);
    }
    return { userId, roles: opened.roles, tokens: await deps.openSession.sign(userId, opened) };
  };

  async function raiseHash(userId: string, password: string, oldHash: string): Promise<void> {
    const newHash = await deps.hasher.hash(password);
    await deps.accounts.upgradePasswordHash({ userId, oldHash, newHash });
  }
}

export type LoginWithPassword = ReturnType<typeof createLoginWithPassword>;
