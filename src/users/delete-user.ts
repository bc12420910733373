import type { SignedInCaller } from '../caller.ts';
import type { StoredUser } from '../db/stored-user.ts';
import type { UserFunctions } from '../db/user-functions.ts';
import type { ConfirmRevocation } from '../revocation/confirm.ts';
import { readUserId } from './user-ids.ts';

type DeleteUserDeps = {
  readonly users: Pick<UserFunctions, 'deleteUser'>;
  readonly confirmRevocation: ConfirmRevocation;
};

type DeletedUser = { readonly user: StoredUser; readonly endedSessions: number; readonly revision: number };

/** Deletes an account, so that it can be restored. Resolves when no replica accepts the user's access tokens any more. */
export function createDeleteUser({ users, confirmRevocation }: DeleteUserDeps) {
  return async function deleteUser(
    input: { userId: string },
    { user: actor, language }: SignedInCaller,
  ): Promise<DeletedUser> {
    const userId = readUserId(input.userId);
    const { user, ended, ...committed } = await users.deleteUser({ actor: actor.userId, userId, language });
    await confirmRevocation(committed);
    return { user, endedSessions: ended, revision: committed.revision };
  };
}

export type DeleteUser = ReturnType<typeof createDeleteUser>;
