import { AccountsServiceDefinition } from '../gen/accounts/v1/accounts_service.ts';
import { AuthServiceDefinition } from '../gen/auth/v1/auth_service.ts';
import { KeysServiceDefinition } from '../gen/auth/v1/keys_service.ts';
import { MessagesAdminServiceDefinition } from '../gen/auth/v1/messages_admin_service.ts';
import { PasswordsServiceDefinition } from '../gen/auth/v1/passwords_service.ts';
import { RegistrationServiceDefinition } from '../gen/auth/v1/registration_service.ts';
import { RevocationsServiceDefinition } from '../gen/auth/v1/revocations_service.ts';
import { TokensAdminServiceDefinition } from '../gen/auth/v1/tokens_admin_service.ts';

/** The services of the contract, all of which are served. */
export const DEFINITIONS = [
  AuthServiceDefinition,
  RegistrationServiceDefinition,
  PasswordsServiceDefinition,
  AccountsServiceDefinition,
  KeysServiceDefinition,
  RevocationsServiceDefinition,
  TokensAdminServiceDefinition,
  MessagesAdminServiceDefinition,
] as const;
