import type { CallFunction } from './call-function.ts';

export type ProfileFunctions = ReturnType<typeof createProfileFunctions>;

/** Profiles. What each function does is said in sql/functions/accounts. */
export function createProfileFunctions(_call: CallFunction) {
  return {};
}
