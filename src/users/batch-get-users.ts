import type { SignedInCaller } from '../caller.ts';
import type { StoredUser } from '../db/stored-user.ts';
import type { UserFunctions } from '../db/user-functions.ts';
import { inOrderOf } from './in-order-of.ts';
import { readUserIds } from './user-ids.ts';

type BatchGetUsersDeps = { readonly users: Pick<UserFunctions, 'getUsers'> };

/** Users by their ids, deleted ones, too: all or none, each as often as it is asked for (AIP-231), without their data. */
export function createBatchGetUsers({ users }: BatchGetUsersDeps) {
  return async function batchGetUsers(
    input: { userIds: readonly string[] },
    { user }: SignedInCaller,
  ): Promise<readonly StoredUser[]> {
    const userIds = readUserIds(input.userIds);
    const found = await users.getUsers(user.userId, userIds);
    // A hundred of them could be larger than clients take.
    return inOrderOf(userIds, found).map((each) => ({ ...each, data: null }));
  };
}

export type BatchGetUsers = ReturnType<typeof createBatchGetUsers>;
