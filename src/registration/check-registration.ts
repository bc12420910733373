import type { ChallengeSecrets, ReadSecret } from '../challenges/challenge-secrets.ts';
import type { AccountsFunctions } from '../db/accounts-functions.ts';
import type { ChallengeFunctions } from '../db/challenge-functions.ts';
import { AppError } from '../errors/app-error.ts';
import { createFieldCheck } from '../errors/field-check.ts';

type CheckRegistrationDeps = {
  readonly secrets: Pick<ChallengeSecrets, 'readLinkToken'>;
  readonly challenges: Pick<ChallengeFunctions, 'checkChallenge'>;
  readonly accounts: Pick<AccountsFunctions, 'isContactAvailable'>;
};

/** A link that can be registered with now. */
type RegistrationLink = ReadSecret & { readonly email: string; readonly expiresAt: Date };

/**
 * Looks at the token of a registration mail without using it up.
 * @throws VERIFY_USER_BAD_TOKEN; VERIFY_USER_ALREADY_VERIFIED, also when the address has an account by now
 */
export function createCheckRegistration({ secrets, challenges, accounts }: CheckRegistrationDeps) {
  return async function checkRegistration({ token }: { token: string }): Promise<RegistrationLink> {
    const check = createFieldCheck();
    if (token === '') check.refuse('token', TOKEN_FORM);
    check.throwIfAny();
    const secret = secrets.readLinkToken(token, 'registration');
    const challenge = secret && (await challenges.checkChallenge({ ...secret, purpose: 'registration' }));
    if (!challenge) throw new AppError('VERIFY_USER_BAD_TOKEN');
    requireUnused(challenge.outcome);
    if (!(await accounts.isContactAvailable(challenge.contact))) throw new AppError('VERIFY_USER_ALREADY_VERIFIED');
    return { ...secret, email: challenge.contact, expiresAt: challenge.expiresAt };
  };
}

export const TOKEN_FORM = 'must be the token of the link';

/** The refusals of a link, of which no wrong try is counted: it has 256 bits. */
export function requireUnused(outcome: 'accepted' | 'wrong' | 'used' | 'gone'): void {
  if (outcome === 'used') throw new AppError('VERIFY_USER_ALREADY_VERIFIED');
  if (outcome !== 'accepted') throw new AppError('VERIFY_USER_BAD_TOKEN');
}

export type CheckRegistration = ReturnType<typeof createCheckRegistration>;
