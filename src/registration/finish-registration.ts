import { upgradeGuest } from '../auth/guest.ts';
import type { ReadGuest } from '../auth/guest.ts';
import type { OpenAccount } from '../auth/open-account.ts';
import type { OpenSession } from '../auth/open-session.ts';
import { requireStrongPassword } from '../auth/registration-fields.ts';
import type { RegistrationRefusals } from '../auth/registration-refusals.ts';
import type { SignedInUser } from '../auth/session-tokens.ts';
import type { Caller } from '../caller.ts';
import type { ChallengeSecrets, ReadSecret } from '../challenges/challenge-secrets.ts';
import type { Contact } from '../db/accounts-functions.ts';
import type { DatabaseFunctions } from '../db/functions.ts';
import type { InTransaction } from '../db/transaction.ts';
import { AppError } from '../errors/app-error.ts';
import type { PasswordHasher } from '../passwords/hasher.ts';
import type { CheckPasswordPolicy } from '../passwords/policy.ts';
import type { ConfirmRevocation } from '../revocation/confirm.ts';
import type { DeviceTokens } from '../tokens/device-token.ts';
import { requireUnused } from './check-registration.ts';
import type { CheckRegistration, RegistrationLink } from './check-registration.ts';
import type { FinishRegistrationInput, ReadRegistrationForm } from './finish-registration-input.ts';

type FinishRegistrationDeps = {
  readonly read: ReadRegistrationForm;
  readonly refusals: RegistrationRefusals;
  readonly secrets: Pick<ChallengeSecrets, 'readLinkToken'>;
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

/** Opens the account that a link is for, and its first session, all or nothing. */
export function createFinishRegistration(deps: FinishRegistrationDeps) {
  return async function finishRegistration(
    input: FinishRegistrationInput,
    caller: Caller,
    signal: AbortSignal,
  ): Promise<SignedInUser> {
    // An invitation is looked at first: one that was sent to a phone says which.
    const isInvitation = deps.secrets.readLinkToken(input.token, 'invitation') !== null;
    const invitation = isInvitation ? await deps.checkRegistration(input) : null;
    const form = deps.read(input, invitation?.contactType === 'phone' ? invitation.contact : null);
    await deps.refusals.requireInterface(form, caller);
    // Nothing is hashed for a bad token. Of calls at once with a good one, all get here, and the transaction lets one through.
    const link = invitation ?? (await deps.checkRegistration(input));
    const ownNames = [link.contact, form.displayName, ...form.contacts.map(({ value }) => value)];
    requireStrongPassword(deps.checkPassword, form.password, ownNames);
    const guest = await deps.readGuest(input.guestAccessToken);
    const passwordHash = await deps.hasher.hash(form.password, signal);

    const { userId, opened, revocation } = await deps.refusals
      .recorded(form, caller, () =>
        deps.inTransaction(async (functions) => {
          const shown = await useUp(functions, link);
          const user = { ...form, ...shown, contacts: [...shown.contacts, ...form.contacts], passwordHash, guest };
          const account = await deps.openAccount(functions, user, caller);
          return {
            ...account,
            revocation: guest && (await upgradeGuest(functions, guest, account.opened.sessionId)),
          };
        }),
      )
      .catch((error: unknown) => {
        throw isContactTaken(error, link) ? new AppError('VERIFY_USER_ALREADY_VERIFIED', { cause: error }) : error;
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

/** What a link shows of its user. Raised, not returned: whatever refuses the registration leaves the link as it was. */
async function useUp(
  { challenges }: Pick<DatabaseFunctions, 'challenges'>,
  { id, secretHash, invitation, contactType, contact }: RegistrationLink,
): Promise<{ readonly contacts: readonly Contact[]; readonly invitation: ReadSecret | null }> {
  // By the function that creates the user: it has to lock the inviter before anything else.
  if (invitation) return { contacts: [], invitation: { id, secretHash } };
  requireUnused((await challenges.redeemChallenge({ id, secretHash, purpose: 'registration', userId: null })).outcome);
  return { contacts: [{ type: contactType, value: contact, isConfirmed: true }], invitation: null };
}

/** Somebody has confirmed the contact since the link was looked at. */
function isContactTaken(error: unknown, { contactType }: Pick<RegistrationLink, 'contactType'>): boolean {
  return (
    error instanceof AppError &&
    error.reason === 'REGISTER_USER_ALREADY_EXISTS' &&
    error.details.metadata?.['contact_type'] === contactType
  );
}

export type FinishRegistration = ReturnType<typeof createFinishRegistration>;
