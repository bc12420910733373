import type { Caller } from '../caller.ts';
import type { ChallengeSecrets } from '../challenges/challenge-secrets.ts';
import { readProof, redeem } from '../challenges/proof.ts';
import type { DatabaseFunctions } from '../db/functions.ts';
import type { InTransaction } from '../db/transaction.ts';
import { AppError } from '../errors/app-error.ts';
import type { ConfirmRevocation } from '../revocation/confirm.ts';
import type { DeviceTokens } from '../tokens/device-token.ts';
import { linkGuest, upgradeGuest } from './guest.ts';
import type { Guest, ReadGuest } from './guest.ts';
import type { OpenAccount } from './open-account.ts';
import type { OpenSession } from './open-session.ts';
import type { RegistrationRefusals } from './registration-refusals.ts';
import type { SignedInUser } from './session-tokens.ts';

type FinishCodeLoginDeps = {
  readonly inTransaction: InTransaction;
  readonly refusals: RegistrationRefusals;
  readonly secrets: ChallengeSecrets;
  readonly openAccount: OpenAccount;
  readonly openSession: OpenSession;
  readonly deviceTokens: Pick<DeviceTokens, 'issue'>;
  readonly readGuest: ReadGuest;
  readonly confirmRevocation: ConfirmRevocation;
  readonly interfaces: ReadonlySet<string>;
  /** Whether a phone that nobody has gets an account. */
  readonly phonesRegister: boolean;
};

type FinishCodeLoginInput = {
  readonly handle: string;
  readonly code: string;
  /** Empty: none was named. */
  readonly interface: string;
  readonly guestAccessToken: string;
};

type CodeLogin = SignedInUser & { readonly isCreated: boolean };

const FIELDS = { token: 'token', handle: 'handle', code: 'code' };

/** Begins a session with a code; a phone that nobody has may get an account here. */
export function createFinishCodeLogin(deps: FinishCodeLoginDeps) {
  const { interfaces, phonesRegister, openSession, refusals } = deps;

  return async function finishCodeLogin(input: FinishCodeLoginInput, caller: Caller): Promise<CodeLogin> {
    const { handle, code } = input;
    if (input.interface !== '' && !interfaces.has(input.interface)) throw invalidInterface();
    const proof = readProof(deps.secrets, 'code_login', { method: 'code', handle, code }, FIELDS);
    const asked = { interface: input.interface, groupNames: [] };
    if (asked.interface !== '') await refusals.requireInterface(asked, caller);
    const guest = await deps.readGuest(input.guestAccessToken);

    const { refusal, begun } = await refusals
      .recorded(asked, caller, () =>
        deps.inTransaction(async (functions) => {
          const redeemed = await redeem(functions.challenges, proof);
          // A refusal of the code is returned, and stays counted. What else is wrong is thrown: the code can be used once more.
          if (redeemed.error) return { refusal: redeemed.error };
          const { userId, contactType, contact } = redeemed;
          const over = { refusal: new AppError('CODE_EXPIRED') };
          if (userId === null) {
            if (!phonesRegister || contactType !== 'phone') return over;
            return { begun: await register(functions, contact, asked.interface, guest, caller) };
          }
          const loggedIn = await logIn(functions, userId, asked.interface, guest, caller);
          // Null: the account was closed since the code was sent.
          return loggedIn ? { begun: loggedIn } : over;
        }),
      )
      .catch((error: unknown) => {
        throw isPhoneTaken(error) ? new AppError('CODE_EXPIRED', { cause: error }) : error;
      });
    if (!begun) throw refusal;

    const { userId, opened, revocation, isCreated } = begun;
    if (revocation) await deps.confirmRevocation(revocation);
    return {
      userId,
      roles: opened.roles,
      tokens: await openSession.sign(userId, opened),
      deviceToken: deps.deviceTokens.issue(userId),
      isCreated,
    };
  };

  async function logIn(
    functions: DatabaseFunctions,
    userId: string,
    frontEnd: string,
    guest: Guest | null,
    caller: Caller,
  ) {
    const opened = await openSession.write(functions, { userId, interface: frontEnd || null }, caller);
    if (!opened) return null;
    const { sessionId } = opened;
    await functions.auth.appendEvent({ type: 'user.logged_in', userId, sessionId });
    const revocation = guest && (await linkGuest(functions, guest, { userId, sessionId }));
    return { userId, opened, revocation, isCreated: false };
  }

  async function register(
    functions: DatabaseFunctions,
    phone: string,
    frontEnd: string,
    guest: Guest | null,
    caller: Caller,
  ) {
    if (frontEnd === '') throw invalidInterface();
    const user = {
      interface: frontEnd,
      groupNames: [],
      contacts: [{ type: 'phone', value: phone, isConfirmed: true }],
      profile: {},
      passwordHash: null,
      guest,
    };
    const account = await deps.openAccount(functions, user, caller);
    const revocation = guest && (await upgradeGuest(functions, guest, account.opened.sessionId));
    return { ...account, revocation, isCreated: true };
  }

  function invalidInterface(): AppError {
    const description = `must be one of: ${[...interfaces].join(', ')}`;
    return new AppError('INVALID_REQUEST', { violations: [{ field: 'interface', description }] });
  }
}

/** Somebody has confirmed the phone since the code was sent. */
function isPhoneTaken(error: unknown): boolean {
  return error instanceof AppError && error.reason === 'REGISTER_USER_ALREADY_EXISTS';
}

export type FinishCodeLogin = ReturnType<typeof createFinishCodeLogin>;
