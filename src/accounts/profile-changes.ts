import type { JsonObject } from '../db/accounts-functions.ts';
import type { ProfileChanges } from '../db/profile-functions.ts';
import type { FieldCheck } from '../errors/field-check.ts';
import { profileDataProblem, profileTexts } from './profile-fields.ts';

/** A profile as a request has it: an empty text is none. */
export type ProfileValues = {
  readonly display_name: string;
  readonly bio: string;
  readonly country: string;
  readonly language: string;
  readonly data: JsonObject;
};

export type ProfileUpdate = {
  /** null: the request has none. */
  readonly profile: ProfileValues | null;
  readonly mask: readonly string[];
};

type TextName = keyof typeof profileTexts;

const TEXT_NAMES = Object.keys(profileTexts) as TextName[];
const PATHS: readonly string[] = [...TEXT_NAMES, 'data'];
/** Of the paths in one mask; each that is wrong is named in the answer. */
const MOST_PATHS = 16;

/** Those fields of a profile that the mask names (AIP-134). Notes what is wrong; the result may be used after `throwIfAny`. */
export function readProfileUpdate(check: FieldCheck, { profile, mask }: ProfileUpdate): ProfileChanges {
  // Without this an empty request would clear what its mask names.
  if (!profile) check.refuse('profile', 'must be given');
  const named = readMask(mask, check.refuse);
  return profile ? readProfile(check, profile, named) : {};
}

/** Notes what is wrong with the named fields, without a name with all of them; the result may be used after `throwIfAny`. */
export function readProfile(
  check: FieldCheck,
  profile: ProfileValues,
  named: ReadonlySet<string> = new Set(PATHS),
): ProfileChanges {
  const texts: { [name in TextName]?: string | null } = {};
  for (const name of TEXT_NAMES.filter((each) => named.has(each))) {
    const { read, must } = profileTexts[name];
    const text = profile[name];
    // Nothing but spaces is nothing.
    texts[name] = text === '' ? null : check.accept(`profile.${name}`, read(text), `${must}, or be empty`) || null;
  }
  const problem = named.has('data') ? profileDataProblem(profile.data) : null;
  if (problem !== null) check.refuse('profile.data', problem);
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
