import type { SignedInCaller } from '../caller.ts';
import type { RoleFunctions } from '../db/role-functions.ts';
import { AppError } from '../errors/app-error.ts';
import type { ConfirmRevocation } from '../revocation/confirm.ts';
import { readDelegation } from './delegation-fields.ts';
import type { DelegationInput } from './delegation-fields.ts';

type RevokeRoleDeps = {
  readonly roles: Pick<RoleFunctions, 'revokeRole'>;
  readonly confirmRevocation: ConfirmRevocation;
};

type RoleRevoked = { readonly wasHeld: boolean; readonly revision: number };

/** Takes a role from a user. Resolves when no replica answers with it any more. */
export function createRevokeRole({ roles, confirmRevocation }: RevokeRoleDeps) {
  return async function revokeRole(input: DelegationInput, { user }: SignedInCaller): Promise<RoleRevoked> {
    const decided = await roles.revokeRole({ actor: user.userId, ...readDelegation(input) });
    // Its event has been committed.
    if (decided.outcome === 'refused') throw new AppError('ROLE_NOT_GRANTABLE');
    await confirmRevocation(decided);
    return { wasHeld: decided.outcome === 'revoked', revision: decided.revision };
  };
}

export type RevokeRole = ReturnType<typeof createRevokeRole>;
