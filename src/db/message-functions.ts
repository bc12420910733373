import type { CallFunction } from './call-function.ts';

export type MessageFunctions = ReturnType<typeof createMessageFunctions>;

/** Messages. What each function does is said in sql/functions/auth. */
export function createMessageFunctions(_call: CallFunction) {
  return {};
}
