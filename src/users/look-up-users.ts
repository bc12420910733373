import type { StoredUser } from '../db/stored-user.ts';
import type { UserFunctions } from '../db/user-functions.ts';
import { inOrderOf } from './in-order-of.ts';
import { readUserIds } from './user-ids.ts';

type LookUpUsersDeps = { readonly users: Pick<UserFunctions, 'lookUpUsers'> };

/** Users for other services: those that there are, each once, in the order in which they were first asked for. */
export function createLookUpUsers({ users }: LookUpUsersDeps) {
  return async function lookUpUsers(input: { userIds: readonly string[] }): Promise<readonly StoredUser[]> {
    const userIds = new Set(readUserIds(input.userIds));
    return inOrderOf(userIds, await users.lookUpUsers([...userIds]));
  };
}

export type LookUpUsers = ReturnType<typeof createLookUpUsers>;
