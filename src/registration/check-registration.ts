import type { ChallengeSecrets, ReadSecret } from '../challenges/challenge-secrets.ts';
import type { AccountsFunctions } from '../db/accounts-functions.ts';
import type { ChallengeFunctions } from '../db/challenge-functions.ts';
import type { InvitationFunctions } from '../db/invitation-functions.ts';
import { AppError } from '../errors/app-error.ts';
import { createFieldCheck } from '../errors/field-check.ts';

type CheckRegistrationDeps = {
  readonly secrets: Pick<ChallengeSecrets, 'readLinkToken'>;
  readonly challenges: Pick<ChallengeFunctions, 'checkChallenge'>;
  readonly invitations: Pick<InvitationFunctions, 'checkInvitation'>;
  readonly accounts: Pick<AccountsFunctions, 'isContactAvailable'>;
};

/** A link that can be registered with now. */
export type RegistrationLink = ReadSecret & {
  /** Whereto it leads, with which roles; null: no invitation. */
  readonly invitation: { readonly organisationName: string; readonly roles: readonly string[] } | null;
  /** Where it was sent. */
  readonly contactType: string;
  readonly contact: string;
  readonly expiresAt: Date;
};

/**
 * Looks at the token of a registration mail or of an invitation without using it up.
 * @throws VERIFY_USER_BAD_TOKEN; VERIFY_USER_ALREADY_VERIFIED, also when the contact has an account by now
 */
export function createCheckRegistration({ secrets, challenges, invitations, accounts }: CheckRegistrationDeps) {
  return async function checkRegistration({ token }: { token: string }): Promise<RegistrationLink> {
    const check = createFieldCheck();
    if (token === '') check.refuse('token', TOKEN_FORM);
    check.throwIfAny();
    const link = await findLink(token);
    if (!link) throw new AppError('VERIFY_USER_BAD_TOKEN');
    const { outcome, ...usable } = link;
    requireUnused(outcome);
    if (await accounts.isContactAvailable(usable.contact)) return usable;
    const { organisationName, roles } = usable.invitation ?? {};
    // Whoever has an account accepts an invitation by another call, and shall see before what he accepts.
    throw new AppError('VERIFY_USER_ALREADY_VERIFIED', {
      metadata: organisationName && roles ? { organisation_name: organisationName, roles: roles.join(',') } : {},
    });
  };

  async function findLink(token: string) {
    const secret = secrets.readLinkToken(token, 'registration');
    if (secret) {
      const challenge = await challenges.checkChallenge({ ...secret, purpose: 'registration' });
      // Such links are sent by mail and by nothing else.
      return challenge && { ...secret, ...challenge, invitation: null, contactType: 'email' };
    }
    const invited = secrets.readLinkToken(token, 'invitation');
    const checked = invited && (await invitations.checkInvitation(invited));
    if (!checked) return null;
    const { organisationName, roles, ...link } = checked;
    return { ...invited, ...link, invitation: { organisationName, roles } };
  }
}

export const TOKEN_FORM = 'must be the token of the link';

/** The refusals of a link, of which no wrong try is counted: it has 256 bits. */
export function requireUnused(outcome: 'accepted' | 'wrong' | 'used' | 'gone'): void {
  if (outcome === 'used') throw new AppError('VERIFY_USER_ALREADY_VERIFIED');
  if (outcome !== 'accepted') throw new AppError('VERIFY_USER_BAD_TOKEN');
}

export type CheckRegistration = ReturnType<typeof createCheckRegistration>;
