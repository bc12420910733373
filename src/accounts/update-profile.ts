import type { SignedInCaller } from '../caller.ts';
import type { JsonObject } from '../db/accounts-functions.ts';
import type { ProfileChanges, ProfileFunctions, StoredProfile } from '../db/profile-functions.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import { profileDataProblem, profileTexts } from './profile-fields.ts';

type UpdateProfileDeps = { readonly profiles: Pick<ProfileFunctions, 'updateProfile'> };

type UpdateProfileInput = {
  /** null: the request has none. */
  readonly profile: {
    readonly display_name: string;
    readonly bio: string;
    readonly country: string;
    readonly language: string;
    readonly data: JsonObject;
  } | null;
  readonly mask: readonly string[];
};

type TextName = keyof typeof profileTexts;

const TEXT_NAMES = Object.keys(profileTexts) as TextName[];
const PATHS: readonly string[] = [...TEXT_NAMES, 'data'];
/** Of the paths in one mask; each that is wrong is named in the answer. */
const MOST_PATHS = 16;

/** Changes those fields of the caller's profile that the mask names, and no others (AIP-134). */
export function createUpdateProfile({ profiles }: UpdateProfileDeps) {
  return async function updateProfile(input: UpdateProfileInput, { user }: SignedInCaller): Promise<StoredProfile> {
    return await profiles.updateProfile(user.userId, readChanges(input));
  };
}

function readChanges({ profile, mask }: UpdateProfileInput): ProfileChanges {
  const check = createFieldCheck();
  // Without this an empty request would clear what its mask names.
  if (!profile) check.refuse('profile', 'must be given');
  const named = readMask(mask, check.refuse);
  check.throwIfAny();
  if (!profile) throw new Error('A missing profile was let through.');

  const texts: { [name in TextName]?: string | null } = {};
  for (const name of TEXT_NAMES.filter((each) => named.has(each))) {
    const { read, must } = profileTexts[name];
    const text = profile[name];
    // Nothing but spaces is nothing.
    texts[name] = text === '' ? null : check.accept(`profile.${name}`, read(text), `${must}, or be empty`) || null;
  }
  const problem = named.has('data') ? profileDataProblem(profile.data) : null;
  if (problem !== null) check.refuse('profile.data', problem);
  check.throwIfAny();
  return { ...texts, ...(named.has('data') ? { data: profile.data } : {}) };
}

function readMask(mask: readonly string[], refuse: (field: string, description: string) => void): ReadonlySet<string> {
  if (mask.length === 0 || mask.length > MOST_PATHS) {
    refuse('update_mask', `must name 1 to ${MOST_PATHS} fields: ${PATHS.join(', ')}, or * for all of them`);
    return new Set();
  }
  for (const [index, path] of mask.entries()) {
    if (path === '*' || PATHS.includes(path)) continue;
    // Only what looks like a path is repeated to the caller.
    const what = /^[\w.]{1,64}$/.test(path) ? `${path} is no field that can be changed` : 'is no path';
    refuse(`update_mask.paths[${index}]`, `${what}; there are ${PATHS.join(', ')}, and * for all of them`);
  }
  return new Set(mask.includes('*') ? PATHS : mask);
}

export type UpdateProfile = ReturnType<typeof createUpdateProfile>;
