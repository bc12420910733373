import type { SignedInCaller } from '../caller.ts';
import type { StoredUser } from '../db/stored-user.ts';
import type { UserFunctions } from '../db/user-functions.ts';
import { AppError } from '../errors/app-error.ts';
import { readUserId } from './user-ids.ts';

type GetUserDeps = { readonly users: Pick<UserFunctions, 'getUsers'> };

/** A user by his id, a deleted one, too. */
export function createGetUser({ users }: GetUserDeps) {
  return async function getUser(input: { userId: string }, { user: actor }: SignedInCaller): Promise<StoredUser> {
    const [user] = await users.getUsers(actor.userId, [readUserId(input.userId)]);
    if (!user) throw new AppError('USER_NOT_FOUND');
    return user;
  };
}

export type GetUser = ReturnType<typeof createGetUser>;
