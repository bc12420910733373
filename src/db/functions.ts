import { createAccountsFunctions } from './accounts-functions.ts';
import type { AccountsFunctions } from './accounts-functions.ts';
import { createAuditFunctions } from './audit-functions.ts';
import type { AuditFunctions } from './audit-functions.ts';
import { createAuthFunctions } from './auth-functions.ts';
import type { AuthFunctions } from './auth-functions.ts';
import type { CallFunction } from './call-function.ts';
import { createChallengeFunctions } from './challenge-functions.ts';
import type { ChallengeFunctions } from './challenge-functions.ts';
import { createContactFunctions } from './contact-functions.ts';
import type { ContactFunctions } from './contact-functions.ts';
import { createGuestFunctions } from './guest-functions.ts';
import type { GuestFunctions } from './guest-functions.ts';
import { createInvitationFunctions } from './invitation-functions.ts';
import type { InvitationFunctions } from './invitation-functions.ts';
import { createMessageFunctions } from './message-functions.ts';
import type { MessageFunctions } from './message-functions.ts';
import { createOrganisationFunctions } from './organisation-functions.ts';
import type { OrganisationFunctions } from './organisation-functions.ts';
import { createPasswordFunctions } from './password-functions.ts';
import type { PasswordFunctions } from './password-functions.ts';
import { createProfileFunctions } from './profile-functions.ts';
import type { ProfileFunctions } from './profile-functions.ts';
import { createRoleFunctions } from './role-functions.ts';
import type { RoleFunctions } from './role-functions.ts';
import { createSessionFunctions } from './session-functions.ts';
import type { SessionFunctions } from './session-functions.ts';
import { createUserFunctions } from './user-functions.ts';
import type { UserFunctions } from './user-functions.ts';

/** The stored functions: by schema those that everything uses, and by subject the others. */
export type DatabaseFunctions = {
  readonly accounts: AccountsFunctions;
  readonly audit: AuditFunctions;
  readonly auth: AuthFunctions;
  readonly challenges: ChallengeFunctions;
  readonly contacts: ContactFunctions;
  readonly guests: GuestFunctions;
  readonly invitations: InvitationFunctions;
  readonly messages: MessageFunctions;
  readonly organisations: OrganisationFunctions;
  readonly passwords: PasswordFunctions;
  readonly profiles: ProfileFunctions;
  readonly roles: RoleFunctions;
  readonly sessions: SessionFunctions;
  readonly users: UserFunctions;
};

export function createDatabaseFunctions(call: CallFunction): DatabaseFunctions {
  return {
    accounts: createAccountsFunctions(call),
    audit: createAuditFunctions(call),
    auth: createAuthFunctions(call),
    challenges: createChallengeFunctions(call),
    contacts: createContactFunctions(call),
    guests: createGuestFunctions(call),
    invitations: createInvitationFunctions(call),
    messages: createMessageFunctions(call),
    organisations: createOrganisationFunctions(call),
    passwords: createPasswordFunctions(call),
    profiles: createProfileFunctions(call),
    roles: createRoleFunctions(call),
    sessions: createSessionFunctions(call),
    users: createUserFunctions(call),
  };
}
