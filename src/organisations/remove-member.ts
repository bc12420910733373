import type { SignedInCaller } from '../caller.ts';
import type { OrganisationFunctions } from '../db/organisation-functions.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import { readId } from '../fields/ids.ts';
import type { ConfirmRevocation } from '../revocation/confirm.ts';

type Deps = {
  readonly organisations: Pick<OrganisationFunctions, 'removeMember'>;
  readonly confirmRevocation: ConfirmRevocation;
};

/** Takes a member out of an organisation. Resolves when no replica accepts him with the roles of it any more. */
export function createRemoveMember({ organisations, confirmRevocation }: Deps) {
  return async function removeMember(
    input: { readonly organisationId: string; readonly userId: string },
    { user }: SignedInCaller,
  ): Promise<{ readonly revision: number }> {
    const check = createFieldCheck();
    const organisationId = readId(check, 'organisation_id', input.organisationId);
    const userId = readId(check, 'user_id', input.userId);
    check.throwIfAny();
    const committed = await organisations.removeMember({ actor: user.userId, organisationId, userId });
    await confirmRevocation(committed);
    return { revision: committed.revision };
  };
}

export type RemoveMember = ReturnType<typeof createRemoveMember>;
