import type { Caller } from '../caller.ts';
import type { AccountsFunctions, RoleRow } from '../db/accounts-functions.ts';
import { createFieldCheck } from '../errors/field-check.ts';

type ListRolesDeps = {
  readonly accounts: Pick<AccountsFunctions, 'listRoles'>;
  readonly interfaces: ReadonlySet<string>;
};

/** Lists the roles that a caller may see on an interface. It shows, it does not decide. */
export function createListRoles({ accounts, interfaces }: ListRolesDeps) {
  return async function listRoles(input: { interface: string }, caller: Caller): Promise<readonly RoleRow[]> {
    const check = createFieldCheck();
    if (!interfaces.has(input.interface)) check.refuse('interface', `must be one of: ${[...interfaces].join(', ')}`);
    check.throwIfAny();
    return await accounts.listRoles({ interface: input.interface, userId: caller.user?.userId ?? null });
  };
}

export type ListRoles = ReturnType<typeof createListRoles>;
