import type { SignedInCaller } from '../caller.ts';
import type { AssignableRole, RoleFunctions } from '../db/role-functions.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import { isUuid } from '../tokens/uuid.ts';

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
    { userId, organisationId }: ListAssignableRolesInput,
    { user }: SignedInCaller,
  ): Promise<readonly AssignableRole[]> {
    const check = createFieldCheck();
    if (userId !== '' && !isUuid(userId)) check.refuse('user_id', 'must be a UUID, or left out');
    if (organisationId !== '' && !isUuid(organisationId)) {
      check.refuse('organisation_id', 'must be a UUID, or left out');
    }
    check.throwIfAny();
    return await roles.listAssignableRoles({
      actor: user.userId,
      userId: userId || null,
      organisationId: organisationId || null,
    });
  };
}

export type ListAssignableRoles = ReturnType<typeof createListAssignableRoles>;
