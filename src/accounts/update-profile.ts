import type { SignedInCaller } from '../caller.ts';
import type { ProfileFunctions, StoredProfile } from '../db/profile-functions.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import { readProfileUpdate } from './profile-changes.ts';
import type { ProfileUpdate } from './profile-changes.ts';

type UpdateProfileDeps = { readonly profiles: Pick<ProfileFunctions, 'updateProfile'> };

/** Changes those fields of the caller's profile that the mask names, and no others (AIP-134). */
export function createUpdateProfile({ profiles }: UpdateProfileDeps) {
  return async function updateProfile(input: ProfileUpdate, { user }: SignedInCaller): Promise<StoredProfile> {
    const check = createFieldCheck();
    const changes = readProfileUpdate(check, input);
    check.throwIfAny();
    return await profiles.updateProfile(user.userId, changes);
  };
}

export type UpdateProfile = ReturnType<typeof createUpdateProfile>;
