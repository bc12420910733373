import { createClient } from '@connectrpc/connect';
import type { Transport } from '@connectrpc/connect';
import { AccountsService } from '../../gen/web/accounts/v1/accounts_service_pb.js';
import { OrganisationsService } from '../../gen/web/accounts/v1/organisations_service_pb.js';
import { SupportService } from '../../gen/web/accounts/v1/support_service_pb.js';
import { AuthService } from '../../gen/web/auth/v1/auth_service_pb.js';
import { PasswordsService } from '../../gen/web/auth/v1/passwords_service_pb.js';
import { RegistrationService } from '../../gen/web/auth/v1/registration_service_pb.js';
import { SessionsService } from '../../gen/web/auth/v1/sessions_service_pb.js';

export type Calls = ReturnType<typeof createCalls>;

/** All that the page calls. */
export function createCalls(transport: Transport) {
  return {
    auth: createClient(AuthService, transport),
    registration: createClient(RegistrationService, transport),
    passwords: createClient(PasswordsService, transport),
    sessions: createClient(SessionsService, transport),
    accounts: createClient(AccountsService, transport),
    organisations: createClient(OrganisationsService, transport),
    support: createClient(SupportService, transport),
  };
}
