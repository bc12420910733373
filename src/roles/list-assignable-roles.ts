import type { SignedInCaller } from '../caller.ts';
import type { AssignableRole, RoleFunctions } from '../db/role-functions.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import { readOptionalId } from '../fields/ids.ts';

type ListAssignableRolesInput = {
  /** Empty: somebody who has no account yet. */
  readonly userId: string;
  /** Empty: none, the role as such. */
  readonly organisationId: string;
};

type ListAssignableRolesDeps = { readonly roles: Pick<RoleFunctions, 'listAssignableRoles'> };

/** Lists the roles that GrantRole would give. It is decided there once more. */
export function createListAssignableRoles({ roles }: ListAssignableRolesDeps) {
  return async function listAssignableRoles(
    input: ListAssignableRolesInput,
    { user }: SignedInCaller,
  ): Promise<readonly AssignableRole[]> {
    const check = createFieldCheck();
    const asked = {
      actor: user.userId,
      userId: readOptionalId(check, 'user_id', input.userId),
      organisationId: readOptionalId(check, 'organisation_id', input.organisationId),
    };
    check.throwIfAny();
    return await roles.listAssignableRoles(asked);
  };
}

export type ListAssignableRoles = ReturnType<typeof createListAssignableRoles>;
