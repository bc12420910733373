import type { SignedInCaller } from '../caller.ts';
import type { StoredUser } from '../db/stored-user.ts';
import type { UserFunctions } from '../db/user-functions.ts';
import { readUserId } from './user-ids.ts';

type RestoreUserDeps = { readonly users: Pick<UserFunctions, 'restoreUser'> };

/** Takes the deletion of an account back. */
export function createRestoreUser({ users }: RestoreUserDeps) {
  return async function restoreUser(input: { userId: string }, { user }: SignedInCaller): Promise<StoredUser> {
    return await users.restoreUser({ actor: user.userId, userId: readUserId(input.userId) });
  };
}

export type RestoreUser = ReturnType<typeof createRestoreUser>;
