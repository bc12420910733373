import type { SignedInCaller } from '../caller.ts';
import type { StoredUser } from '../db/stored-user.ts';
import type { UserFunctions } from '../db/user-functions.ts';
import type { ConfirmRevocation } from '../revocation/confirm.ts';
import { readUserId } from './user-ids.ts';

type DeactivateUserDeps = {
  readonly users: Pick<UserFunctions, 'deactivateUser'>;
  readonly confirmRevocation: ConfirmRevocation;
};

type DeactivatedUser = { readonly user: StoredUser; readonly endedSessions: number; readonly revision: number };

/** Closes an account. Resolves when no replica accepts the user's access tokens any more. */
export function createDeactivateUser({ users, confirmRevocation }: DeactivateUserDeps) {
  return async function deactivateUser(
    input: { userId: string },
    { user: actor, language }: SignedInCaller,
  ): Promise<DeactivatedUser> {
    const userId = readUserId(input.userId);
    const { user, ended, ...committed } = await users.deactivateUser({ actor: actor.userId, userId, language });
    await confirmRevocation(committed);
    return { user, endedSessions: ended, revision: committed.revision };
  };
}

export type DeactivateUser = ReturnType<typeof createDeactivateUser>;
