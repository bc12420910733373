import { createAccountsFunctions } from './accounts-functions.ts';
import type { AccountsFunctions } from './accounts-functions.ts';
import { createAuthFunctions } from './auth-functions.ts';
import type { AuthFunctions } from './auth-functions.ts';
import type { CallFunction } from './call-function.ts';

/** The stored functions by schema. */
export type DatabaseFunctions = { readonly accounts: AccountsFunctions; readonly auth: AuthFunctions };

export function createDatabaseFunctions(call: CallFunction): DatabaseFunctions {
  return { accounts: createAccountsFunctions(call), auth: createAuthFunctions(call) };
}
