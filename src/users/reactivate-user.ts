import type { SignedInCaller } from '../caller.ts';
import type { StoredUser } from '../db/stored-user.ts';
import type { UserFunctions } from '../db/user-functions.ts';
import { readUserId } from './user-ids.ts';

type ReactivateUserDeps = { readonly users: Pick<UserFunctions, 'reactivateUser'> };

/** Opens a closed account again. Its owner has to log in anew. */
export function createReactivateUser({ users }: ReactivateUserDeps) {
  return async function reactivateUser(input: { userId: string }, { user }: SignedInCaller): Promise<StoredUser> {
    return await users.reactivateUser({ actor: user.userId, userId: readUserId(input.userId) });
  };
}

export type ReactivateUser = ReturnType<typeof createReactivateUser>;
