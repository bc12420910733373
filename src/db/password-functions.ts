import type { CallFunction } from './call-function.ts';

export type PasswordFunctions = ReturnType<typeof createPasswordFunctions>;

/** Passwords. What each function does is said in sql/functions/accounts. */
export function createPasswordFunctions(_call: CallFunction) {
  return {};
}
