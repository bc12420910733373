import type { SignedInCaller } from '../caller.ts';
import type { Member, OrganisationFunctions } from '../db/organisation-functions.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import { readId } from '../fields/ids.ts';

type UpdateMemberInput = { readonly organisationId: string; readonly userId: string; readonly isHead: boolean };

type Deps = { readonly organisations: Pick<OrganisationFunctions, 'updateMember'> };

/** Makes a member a head, or a head an ordinary member. */
export function createUpdateMember({ organisations }: Deps) {
  return async function updateMember(input: UpdateMemberInput, { user }: SignedInCaller): Promise<Member> {
    const check = createFieldCheck();
    const organisationId = readId(check, 'organisation_id', input.organisationId);
    const userId = readId(check, 'user_id', input.userId);
    check.throwIfAny();
    return await organisations.updateMember({ actor: user.userId, organisationId, userId, isHead: input.isHead });
  };
}

export type UpdateMember = ReturnType<typeof createUpdateMember>;
