import { AuthorizationDefinition } from '../gen/envoy/service/auth/v3/external_auth.ts';
import { Access, AccessRule } from '../gen/auth/options/v1/access.ts';
import { AccountsServiceDefinition } from '../gen/accounts/v1/accounts_service.ts';
import { OrganisationsServiceDefinition } from '../gen/accounts/v1/organisations_service.ts';
import { RolesServiceDefinition } from '../gen/accounts/v1/roles_service.ts';
import { SupportServiceDefinition } from '../gen/accounts/v1/support_service.ts';
import { UsersAdminServiceDefinition } from '../gen/accounts/v1/users_admin_service.ts';
import { UsersServiceDefinition } from '../gen/accounts/v1/users_service.ts';
import { AuditServiceDefinition } from '../gen/auth/v1/audit_service.ts';
import { AuthServiceDefinition } from '../gen/auth/v1/auth_service.ts';
import { KeysServiceDefinition } from '../gen/auth/v1/keys_service.ts';
import { MessagesAdminServiceDefinition } from '../gen/auth/v1/messages_admin_service.ts';
import { PasswordsServiceDefinition } from '../gen/auth/v1/passwords_service.ts';
import { RegistrationServiceDefinition } from '../gen/auth/v1/registration_service.ts';
import { RevocationsServiceDefinition } from '../gen/auth/v1/revocations_service.ts';
import { SessionsServiceDefinition } from '../gen/auth/v1/sessions_service.ts';
import { TokensAdminServiceDefinition } from '../gen/auth/v1/tokens_admin_service.ts';
import type { AccessRules } from './access.ts';

/** The services of our contract, all of which are served. */
export const DEFINITIONS = [
  AuthServiceDefinition,
  RegistrationServiceDefinition,
  PasswordsServiceDefinition,
  SessionsServiceDefinition,
  AccountsServiceDefinition,
  RolesServiceDefinition,
  OrganisationsServiceDefinition,
  KeysServiceDefinition,
  RevocationsServiceDefinition,
  UsersServiceDefinition,
  UsersAdminServiceDefinition,
  SupportServiceDefinition,
  TokensAdminServiceDefinition,
  MessagesAdminServiceDefinition,
  AuditServiceDefinition,
] as const;

/** Services that others have defined, and proxies call. */
export const FOREIGN_DEFINITIONS = [AuthorizationDefinition] as const;

/** Who may call these: their protos do not say it. */
export const FOREIGN_RULES: AccessRules = new Map([
  ['/envoy.service.auth.v3.Authorization/Check', AccessRule.fromPartial({ access: Access.SERVICE })],
]);
