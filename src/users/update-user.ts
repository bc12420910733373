import { readProfileUpdate } from '../accounts/profile-changes.ts';
import type { ProfileUpdate } from '../accounts/profile-changes.ts';
import type { SignedInCaller } from '../caller.ts';
import type { StoredUser } from '../db/stored-user.ts';
import type { UserFunctions } from '../db/user-functions.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import { readId } from '../fields/ids.ts';

type UpdateUserDeps = { readonly users: Pick<UserFunctions, 'updateUser'> };
type UpdateUserInput = ProfileUpdate & { readonly userId: string };

/** Changes those fields of a user's profile that the mask names, and no others (AIP-134). */
export function createUpdateUser({ users }: UpdateUserDeps) {
  return async function updateUser(input: UpdateUserInput, { user }: SignedInCaller): Promise<StoredUser> {
    const check = createFieldCheck();
    const userId = readId(check, 'user_id', input.userId);
    const changes = readProfileUpdate(check, input);
    check.throwIfAny();
    return await users.updateUser({ actor: user.userId, userId }, changes);
  };
}

export type UpdateUser = ReturnType<typeof createUpdateUser>;
