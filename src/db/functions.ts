import { createAccountsFunctions } from './accounts-functions.ts';
import type { AccountsFunctions } from './accounts-functions.ts';
import { createAuthFunctions } from './auth-functions.ts';
import type { AuthFunctions } from './auth-functions.ts';
import type { CallFunction } from './call-function.ts';
import { createChallengeFunctions } from './challenge-functions.ts';
import type { ChallengeFunctions } from './challenge-functions.ts';
import { createContactFunctions } from './contact-functions.ts';
import type { ContactFunctions } from './contact-functions.ts';
import { createGuestFunctions } from './guest-functions.ts';
import type { GuestFunctions } from './guest-functions.ts';
import { createMessageFunctions } from './message-functions.ts';
import type { MessageFunctions } from './message-functions.ts';
import { createPasswordFunctions } from './password-functions.ts';
import type { PasswordFunctions } from './password-functions.ts';
import { createProfileFunctions } from './profile-functions.ts';
import type { ProfileFunctions } from './profile-functions.ts';

/** The stored functions: by schema those that everything uses, and by subject the others. */
export type DatabaseFunctions = {
  readonly accounts: AccountsFunctions;
  readonly auth: AuthFunctions;
  readonly challenges: ChallengeFunctions;
  readonly contacts: ContactFunctions;
  readonly guests: GuestFunctions;
  readonly messages: MessageFunctions;
  readonly passwords: PasswordFunctions;
  readonly profiles: ProfileFunctions;
};

export function createDatabaseFunctions(call: CallFunction): DatabaseFunctions {
  return {
    accounts: createAccountsFunctions(call),
    auth: createAuthFunctions(call),
    challenges: createChallengeFunctions(call),
    contacts: createContactFunctions(call),
    guests: createGuestFunctions(call),
    messages: createMessageFunctions(call),
    passwords: createPasswordFunctions(call),
    profiles: createProfileFunctions(call),
  };
}
