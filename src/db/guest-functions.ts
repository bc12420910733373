import type { CallFunction } from './call-function.ts';

export type GuestFunctions = ReturnType<typeof createGuestFunctions>;

/** Guests. What each function does is said in sql/functions/accounts. */
export function createGuestFunctions(_call: CallFunction) {
  return {};
}
