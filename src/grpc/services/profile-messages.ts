import type { ProfileValues } from '../../accounts/profile-changes.ts';
import type { Profile } from '../../gen/accounts/v1/profile.ts';

/** The values of an accounts.v1.Profile, without its times; null for none. */
export function toProfileValues(profile: Profile | undefined): ProfileValues | null {
  if (!profile) return null;
  const { displayName, bio, country, language, data = {} } = profile;
  return { display_name: displayName, bio, country, language, data };
}
