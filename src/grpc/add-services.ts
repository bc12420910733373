import type { ServerAddBuilder, ServiceImplementation } from 'nice-grpc';
import type { ServerMiddleware } from 'nice-grpc-common';
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
import { AuthorizationDefinition } from '../gen/envoy/service/auth/v3/external_auth.ts';
import { markMalformedRequests } from './decoding.ts';
import { passEncodedResponses } from './encoded-response.ts';
import type { WithCaller } from './middleware/authorize.ts';
import type { WithAbortOnTerminate } from './middleware/end-streams.ts';
import type { createWireFormats } from './wire-format.ts';

/** What answers the services of the contract. */
export type Services = {
  readonly auth: ServiceImplementation<AuthServiceDefinition, WithCaller>;
  readonly registration: ServiceImplementation<RegistrationServiceDefinition, WithCaller>;
  readonly passwords: ServiceImplementation<PasswordsServiceDefinition, WithCaller>;
  readonly sessions: ServiceImplementation<SessionsServiceDefinition, WithCaller>;
  readonly accounts: ServiceImplementation<AccountsServiceDefinition, WithCaller>;
  readonly roles: ServiceImplementation<RolesServiceDefinition, WithCaller>;
  readonly organisations: ServiceImplementation<OrganisationsServiceDefinition, WithCaller>;
  readonly users: ServiceImplementation<UsersServiceDefinition, WithCaller>;
  readonly usersAdmin: ServiceImplementation<UsersAdminServiceDefinition, WithCaller>;
  readonly support: ServiceImplementation<SupportServiceDefinition, WithCaller>;
  readonly authorization: ServiceImplementation<AuthorizationDefinition, WithCaller>;
  readonly keys: ServiceImplementation<KeysServiceDefinition, WithCaller>;
  readonly tokensAdmin: ServiceImplementation<TokensAdminServiceDefinition, WithCaller>;
  readonly messagesAdmin: ServiceImplementation<MessagesAdminServiceDefinition, WithCaller>;
  readonly audit: ServiceImplementation<AuditServiceDefinition, WithCaller>;
  readonly revocations: ServiceImplementation<RevocationsServiceDefinition, WithCaller & WithAbortOnTerminate>;
};

/** @param endStreams ends streams that would never end by themselves when the server stops */
export function addServices(
  guarded: ServerAddBuilder<WithCaller>,
  endStreams: ServerMiddleware<WithAbortOnTerminate>,
  services: Services,
  wireFormat: ReturnType<typeof createWireFormats>,
): void {
  guarded.add(passEncodedResponses(markMalformedRequests(AuthServiceDefinition, wireFormat)), services.auth);
  guarded.add(markMalformedRequests(RegistrationServiceDefinition, wireFormat), services.registration);
  guarded.add(markMalformedRequests(PasswordsServiceDefinition, wireFormat), services.passwords);
  guarded.add(markMalformedRequests(SessionsServiceDefinition, wireFormat), services.sessions);
  guarded.add(markMalformedRequests(AccountsServiceDefinition, wireFormat), services.accounts);
  guarded.add(markMalformedRequests(RolesServiceDefinition, wireFormat), services.roles);
  guarded.add(markMalformedRequests(OrganisationsServiceDefinition, wireFormat), services.organisations);
  guarded.add(markMalformedRequests(UsersServiceDefinition, wireFormat), services.users);
  guarded.add(markMalformedRequests(UsersAdminServiceDefinition, wireFormat), services.usersAdmin);
  guarded.add(markMalformedRequests(SupportServiceDefinition, wireFormat), services.support);
  guarded.add(markMalformedRequests(AuthorizationDefinition, wireFormat), services.authorization);
  guarded.add(markMalformedRequests(KeysServiceDefinition, wireFormat), services.keys);
  guarded.add(markMalformedRequests(TokensAdminServiceDefinition, wireFormat), services.tokensAdmin);
  guarded.add(markMalformedRequests(MessagesAdminServiceDefinition, wireFormat), services.messagesAdmin);
  guarded.add(markMalformedRequests(AuditServiceDefinition, wireFormat), services.audit);
  guarded
    .with(endStreams)
    .add(passEncodedResponses(markMalformedRequests(RevocationsServiceDefinition, wireFormat)), services.revocations);
}
