import { upgradeGuest } from '../auth/guest.ts';
import type { ReadGuest } from '../auth/guest.ts';
import type { OpenAccount } from '../auth/open-account.ts';
import type { OpenSession } from '../auth/open-session.ts';
import { requireStrongPassword } from '../auth/registration-fields.ts';
import type { RegistrationRefusals } from '../auth/registration-refusals.ts';
import type { SignedInUser } from '../auth/session-tokens.ts';
import type { Caller } from '../caller.ts';
import type { InTransaction } from '../db/transaction.ts';
import { AppError } from '../errors/app-error.ts';
import type { PasswordHasher } from '../passwords/hasher.ts';
import type { CheckPasswordPolicy } from '../passwords/policy.ts';
import type { ConfirmRevocation } from '../revocation/confirm.ts';
import type { DeviceTokens } from '../tokens/device-token.ts';
import { requireUnused } from './check-registration.ts';
import type { CheckRegistration } from './check-registration.ts';
import type { FinishRegistrationInput, ReadRegistrationForm } from './finish-registration-input.ts';

type FinishRegistrationDeps = {
  readonly read: ReadRegistrationForm;
  readonly refusals: RegistrationRefusals;
  readonly checkRegistration: CheckRegistration;
  readonly checkPassword: CheckPasswordPolicy;
  readonly readGuest: ReadGuest;
  readonly hasher: Pick<PasswordHasher, 'hash'>;
  readonly inTransaction: InTransaction;
  readonly openAccount: OpenAccount;
  readonly openSession: Pick<OpenSession, 'sign'>;
  readonly deviceTokens: Pick<DeviceTokens, 'issue'>;
  readonly confirmRevocation: ConfirmRevocation;
};

/** Opens the account that a mailed link is for, and its first session, all or nothing. */
export function createFinishRegistration(deps: FinishRegistrationDeps) {
  return async function finishRegistration(
    input: FinishRegistrationInput,
    caller: Caller,
    signal: AbortSignal,
  ): Promise<SignedInUser> {
    const form = deps.read(input);
    await deps.refusals.requireInterface(form, caller);
    // Nothing is hashed for a bad token. Of calls at once with a good one, all get here, and the transaction lets one through.
    const { email, ...link } = await deps.checkRegistration(input);
    const ownNames = [email, form.displayName, ...form.contacts.map(({ value }) => value)];
    requireStrongPassword(deps.checkPassword, form.password, ownNames);
    const guest = await deps.readGuest(input.guestAccessToken);
    const passwordHash = await deps.hasher.hash(form.password, signal);

    const { userId, opened, revocation } = await deps.refusals
      .recorded(form, caller, () =>
        deps.inTransaction(async (functions) => {
          // Raised, not returned: whatever refuses the registration leaves the link as it was.
          const proof = { id: link.id, secretHash: link.secretHash, purpose: 'registration', userId: null } as const;
          requireUnused((await functions.challenges.redeemChallenge(proof)).outcome);
          const contacts = [{ type: 'email', value: email, isConfirmed: true }, ...form.contacts];
          const user = { ...form, contacts, passwordHash, guest };
          const account = await deps.openAccount(functions, user, caller);
          return {
            ...account,
            revocation: guest && (await upgradeGuest(functions, guest, account.opened.sessionId)),
          };
        }),
      )
      .catch((error: unknown) => {
        throw isAddressTaken(error) ? new AppError('VERIFY_USER_ALREADY_VERIFIED', { cause: error }) : error;
      });
    if (revocation) await deps.confirmRevocation(revocation);
    return {
      userId,
      roles: opened.roles,
      tokens: await deps.openSession.sign(userId, opened),
      deviceToken: deps.deviceTokens.issue(userId),
    };
  };
}

/** Somebody has confirmed the address since the link was looked at. */
function isAddressTaken(error: unknown): boolean {
  return (
    error instanceof AppError &&
    error.reason === 'REGISTER_USER_ALREADY_EXISTS' &&
    error.details.metadata?.['contact_type'] === 'email'
  );
}

export type FinishRegistration = ReturnType<typeof createFinishRegistration>;
