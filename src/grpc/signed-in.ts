import type { Caller, SignedInCaller } from '../caller.ts';

/** The caller of a USER or ADMIN method. The access rule has let nobody else through; this says so to the compiler. */
export function signedIn(caller: Caller): SignedInCaller {
  const { user } = caller;
  if (!user) throw new Error('A USER or ADMIN method was reached without a user.');
  return { ...caller, user };
}
