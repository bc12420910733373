import type { SignedInCaller } from '../caller.ts';
import type { ChallengeSecrets } from '../challenges/challenge-secrets.ts';
import type { Organisation, OrganisationFunctions } from '../db/organisation-functions.ts';
import { AppError } from '../errors/app-error.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import type { ConfirmRevocation } from '../revocation/confirm.ts';

type JoinedOrganisation = { readonly organisation: Organisation; readonly revision: number };

type Deps = {
  readonly organisations: Pick<OrganisationFunctions, 'acceptInvitation'>;
  readonly secrets: Pick<ChallengeSecrets, 'readLinkToken'>;
  readonly confirmRevocation: ConfirmRevocation;
};

/** Joins by an invitation. Resolves when every replica knows the new roles of the caller. */
export function createAcceptInvitation({ organisations, secrets, confirmRevocation }: Deps) {
  return async function acceptInvitation(
    { token }: { readonly token: string },
    { user, language }: SignedInCaller,
  ): Promise<JoinedOrganisation> {
    const check = createFieldCheck();
    if (token === '') check.refuse('token', 'must be the token of the link');
    check.throwIfAny();
    const secret = secrets.readLinkToken(token, 'invitation');
    if (!secret) throw new AppError('LINK_INVALID');
    const joined = await organisations.acceptInvitation({ userId: user.userId, language, ...secret });
    // Returned by the database, so that the event of the refusal is committed.
    if (!joined) throw new AppError('ROLE_NOT_GRANTABLE');
    const { organisation, revocation } = joined;
    await confirmRevocation(revocation);
    return { organisation, revision: revocation.revision };
  };
}

export type AcceptInvitation = ReturnType<typeof createAcceptInvitation>;
