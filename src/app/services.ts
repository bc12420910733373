import type { createAccountCases } from './account-cases.ts';
import type { createAdministrationCases } from './administration-cases.ts';
import type { createSignInCases } from './sign-in-cases.ts';
import type { CheckRequest } from '../auth/check-request.ts';
import { createExplainToken } from '../auth/explain-token.ts';
import { createWatchRevocations } from '../auth/watch-revocations.ts';
import { systemDelay } from '../clock.ts';
import type { Services } from '../grpc/add-services.ts';
import { createAccountsService } from '../grpc/services/accounts-service.ts';
import { createAuditService } from '../grpc/services/audit-service.ts';
import { createAuthService } from '../grpc/services/auth-service.ts';
import { createAuthorizationService } from '../grpc/services/authorization-service.ts';
import type { createEncodeValidations } from '../grpc/services/encode-validations.ts';
import { createKeysService } from '../grpc/services/keys-service.ts';
import { createMessagesAdminService } from '../grpc/services/messages-admin-service.ts';
import { createOrganisationsService } from '../grpc/services/organisations-service.ts';
import { createPasswordsService } from '../grpc/services/passwords-service.ts';
import { createRegistrationService } from '../grpc/services/registration-service.ts';
import { createRevocationsService } from '../grpc/services/revocations-service.ts';
import { createRolesService } from '../grpc/services/roles-service.ts';
import { createSessionsService } from '../grpc/services/sessions-service.ts';
import { createSupportService } from '../grpc/services/support-service.ts';
import { createTokensAdminService } from '../grpc/services/tokens-admin-service.ts';
import { createUsersAdminService } from '../grpc/services/users-admin-service.ts';
import { createUsersService } from '../grpc/services/users-service.ts';
import { createAccessTokenInspector } from '../tokens/access-token-inspector.ts';
import type { Ground } from './ground.ts';
import type { Stores } from './stores.ts';
import type { Tokens } from './tokens.ts';
import type { Revocation } from './revocation.ts';
import type { Shared } from './shared.ts';

/** The use cases, by who asks for them. */
export type Cases = {
  readonly account: ReturnType<typeof createAccountCases>;
  readonly signIn: ReturnType<typeof createSignInCases>;
  readonly administration: ReturnType<typeof createAdministrationCases>;
};

type ServiceParts = {
  readonly checkRequest: CheckRequest;
  readonly encodeValidations: ReturnType<typeof createEncodeValidations>;
  /** How long verifiers may cache the keys, in milliseconds. */
  readonly keysMaxAge: number;
};

/** What answers the services of the contract, at both doors. */
export function createServices(
  { config, clock }: Ground,
  { functions: { auth } }: Stores,
  { keys, claims }: Tokens,
  { revocations, replica }: Revocation,
  { validateToken }: Shared,
  { account, signIn, administration }: Cases,
  { checkRequest, encodeValidations, keysMaxAge }: ServiceParts,
): Services {
  const watchRevocations = createWatchRevocations({ revocations, replica, keys, clock, delay: systemDelay });
  const explainToken = createExplainToken({ validateToken, inspect: createAccessTokenInspector({ keys }), auth });
  return {
    auth: createAuthService({ ...signIn.auth, validateToken, encodeValidations }),
    registration: createRegistrationService(signIn.registration),
    passwords: createPasswordsService(signIn.passwords),
    sessions: createSessionsService(signIn.sessions),
    accounts: createAccountsService(account),
    roles: createRolesService(administration.roles),
    organisations: createOrganisationsService(administration.organisations),
    users: createUsersService({ lookUpUsers: administration.lookUpUsers }),
    usersAdmin: createUsersAdminService(administration.users),
    support: createSupportService(administration.support),
    audit: createAuditService({ listAuditEvents: administration.listAuditEvents }),
    messagesAdmin: createMessagesAdminService(administration.messages),
    keys: createKeysService({ keys, maxAge: keysMaxAge }),
    revocations: createRevocationsService({
      watchRevocations,
      profile: { ...claims, longestLifetime: config.ACCESS_TOKEN_LIFETIME },
    }),
    tokensAdmin: createTokensAdminService({ explainToken }),
    authorization: createAuthorizationService({ checkRequest }),
  };
}
