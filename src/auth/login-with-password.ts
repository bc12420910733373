import type { Contacts } from '../accounts/contact.ts';
import type { Caller } from '../caller.ts';
import type { AccountsFunctions, ContactOwner } from '../db/accounts-functions.ts';
import type { AuthFunctions } from '../db/auth-functions.ts';
import type { InTransaction } from '../db/transaction.ts';
import { AppError } from '../errors/app-error.ts';
import { cleanText } from '../errors/clean-text.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import type { PasswordHasher } from '../passwords/hasher.ts';
import { PASSWORD_FORM, normalPassword } from '../passwords/password-text.ts';
import type { ConfirmRevocation } from '../revocation/confirm.ts';
import type { DeviceTokens } from '../tokens/device-token.ts';
import { linkGuest } from './guest.ts';
import type { Guest, ReadGuest } from './guest.ts';
import { attemptSubjects } from './login-attempts.ts';
import type { AttemptSubjects, LoginAttempts } from './login-attempts.ts';
import type { OpenSession } from './open-session.ts';
import type { SignedInUser } from './session-tokens.ts';

type LoginDeps = {
  readonly inTransaction: InTransaction;
  readonly accounts: Pick<AccountsFunctions, 'getActiveUserContactByValue' | 'upgradePasswordHash'>;
  readonly auth: Pick<AuthFunctions, 'appendEvent'>;
  readonly attempts: LoginAttempts;
  readonly hasher: PasswordHasher;
  readonly contacts: Pick<Contacts, 'any'>;
  readonly deviceTokens: Pick<DeviceTokens, 'read' | 'renew'>;
  readonly openSession: OpenSession;
  readonly readGuest: ReadGuest;
  readonly confirmRevocation: ConfirmRevocation;
  readonly onProblem: (error: unknown) => void;
};

type LoginInput = {
  readonly login: string;
  readonly password: string;
  readonly deviceToken: string;
  readonly guestAccessToken: string;
};

type Account = Pick<ContactOwner, 'userId' | 'passwordHash'>;

/** How often the hash may have become another one while it was checked: other logins raise it, its owner changes it. */
const MOST_ROUNDS = 3;
/** Whose device tokens are read where there is no account: nobody has one, and it costs the same. */
const NOBODY = '00000000-0000-0000-0000-000000000000';

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
    const password = check.accept('password', normalPassword(input.password), PASSWORD_FORM);
    check.throwIfAny();
    const guest = await deps.readGuest(input.guestAccessToken);

    // A text that cannot be a contact is looked up all the same: it costs what an unknown login costs.
    const value = deps.contacts.any(login)?.value ?? login;
    const account = await deps.accounts.getActiveUserContactByValue(value);
    const userId = account?.userId ?? null;
    const devicesSince = account?.devicesSince ?? null;
    const device = deps.deviceTokens.read(input.deviceToken, userId ?? NOBODY, devicesSince);
    const subjects = attemptSubjects(userId, value, caller.network, device);
    await deps.attempts.reserve(subjects);

    const session = await evaluate({ value, account, password, subjects, guest, caller, signal }).catch(
      async (error: unknown) => {
        await deps.attempts.release(subjects);
        throw error;
      },
    );
    if (!session) {
      await deps.auth.appendEvent({ type: 'login.failed', ...(userId === null ? {} : { userId }) });
      throw new AppError('CREDENTIALS_INVALID');
    }

    const { opened, linked, owner } = session;
    if (linked) await deps.confirmRevocation(linked);
    if (deps.hasher.isOutdated(owner.passwordHash, password)) {
      // The session stands: that the hash cannot be raised at this moment is no reason to refuse the login.
      await raiseHash(owner.userId, password, owner.passwordHash).catch(deps.onProblem);
    }
    return {
      userId: owner.userId,
      roles: opened.roles,
      tokens: await deps.openSession.sign(owner.userId, opened),
      deviceToken: deps.deviceTokens.renew(input.deviceToken, owner.userId, devicesSince),
    };
  };

  /** Checks the password and begins the session; null: refused. */
  async function evaluate(attempt: {
    value: string;
    account: Account | null;
    password: string;
    subjects: AttemptSubjects;
    guest: Guest | null;
    caller: Caller;
    signal: AbortSignal;
  }) {
    const { value, password, subjects, guest, caller, signal } = attempt;
    let { account } = attempt;
    for (let round = 1; round <= MOST_ROUNDS; round += 1) {
      const hash = account?.passwordHash ?? null;
      const isMatch = await deps.hasher.verify(password, hash, signal);
      if (!account || hash === null || !isMatch) return null;
      const owner = { userId: account.userId, passwordHash: hash };
      const begun = await begin(owner, subjects, guest, caller);
      if (begun) return { ...begun, owner };

      // While it was checked the account was closed, or the password changed; or another login raised the cost of its hash, and it
      // is the same password.
      const now = await deps.accounts.getActiveUserContactByValue(value);
      if (now?.userId !== owner.userId) return null;
      account = now;
    }
    return null;
  }

  async function begin(
    { userId, passwordHash }: { userId: string; passwordHash: string },
    subjects: AttemptSubjects,
    guest: Guest | null,
    caller: Caller,
  ) {
    return await deps.inTransaction(async (functions) => {
      const opened = await deps.openSession.write(functions, { userId, interface: null, passwordHash }, caller);
      if (!opened) return null;
      const { auth } = functions;
      const { sessionId } = opened;
      await auth.forgiveLoginAttempts(subjects.account);
      if (subjects.address) await auth.releaseLoginAttempt(subjects.address);
      await auth.appendEvent({ type: 'user.logged_in', userId, sessionId });
      return { opened, linked: guest && (await linkGuest(functions, guest, { userId, sessionId })) };
    });
  }

  async function raiseHash(userId: string, password: string, oldHash: string): Promise<void> {
    const newHash = await deps.hasher.hash(password);
    await deps.accounts.upgradePasswordHash({ userId, oldHash, newHash });
  }
}

export type LoginWithPassword = ReturnType<typeof createLoginWithPassword>;
