import type { SignedInCaller } from '../caller.ts';
import type { RoleFunctions } from '../db/role-functions.ts';
import { AppError } from '../errors/app-error.ts';
import type { ConfirmRevocation } from '../revocation/confirm.ts';
import { readDelegation } from './delegation-fields.ts';
import type { DelegationInput } from './delegation-fields.ts';

type GrantRoleDeps = {
  readonly roles: Pick<RoleFunctions, 'grantRole'>;
  readonly confirmRevocation: ConfirmRevocation;
};

type RoleGranted = { readonly isNew: boolean; readonly revision: number };

/** Gives a user a role. Resolves when every replica answers with it. */
export function createGrantRole({ roles, confirmRevocation }: GrantRoleDeps) {
  return async function grantRole(input: DelegationInput, { user }: SignedInCaller): Promise<RoleGranted> {
    const decided = await roles.grantRole({ actor: user.userId, ...readDelegation(input) });
    // Its event has been committed.
    if (decided.outcome === 'refused') throw new AppError('ROLE_NOT_GRANTABLE');
    await confirmRevocation(decided);
    return { isNew: decided.outcome === 'granted', revision: decided.revision };
  };
}

export type GrantRole = ReturnType<typeof createGrantRole>;
