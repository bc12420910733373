import type { SignedInCaller } from '../caller.ts';
import type { ProfileFunctions, StoredProfile } from '../db/profile-functions.ts';

type GetProfileDeps = { readonly profiles: Pick<ProfileFunctions, 'getProfile'> };

/** What the caller has told about himself. */
export function createGetProfile({ profiles }: GetProfileDeps) {
  return async function getProfile({ user }: SignedInCaller): Promise<StoredProfile> {
    return await profiles.getProfile(user.userId);
  };
}

export type GetProfile = ReturnType<typeof createGetProfile>;
