import type { SignedInCaller } from '../caller.ts';
import type { OwnProfile, ProfileFunctions } from '../db/profile-functions.ts';

type GetProfileDeps = { readonly profiles: Pick<ProfileFunctions, 'getProfile'> };

/** What the caller has told about himself, and whether he has a password. */
export function createGetProfile({ profiles }: GetProfileDeps) {
  return async function getProfile({ user }: SignedInCaller): Promise<OwnProfile> {
    return await profiles.getProfile(user.userId);
  };
}

export type GetProfile = ReturnType<typeof createGetProfile>;
