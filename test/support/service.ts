import { pino } from 'pino';
import { createChannel, createClientFactory } from 'nice-grpc';
import { errorDetailsClientMiddleware } from 'nice-grpc-error-details';
import { HealthDefinition } from 'nice-grpc-server-health';
import { startApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config/load.ts';
import { AccountsServiceDefinition } from '../../src/gen/accounts/v1/accounts_service.ts';
import { OrganisationsServiceDefinition } from '../../src/gen/accounts/v1/organisations_service.ts';
import { AuditServiceDefinition } from '../../src/gen/auth/v1/audit_service.ts';
import { SupportServiceDefinition } from '../../src/gen/accounts/v1/support_service.ts';
import { UsersAdminServiceDefinition } from '../../src/gen/accounts/v1/users_admin_service.ts';
import { UsersServiceDefinition } from '../../src/gen/accounts/v1/users_service.ts';
import { AuthServiceDefinition } from '../../src/gen/auth/v1/auth_service.ts';
import { KeysServiceDefinition } from '../../src/gen/auth/v1/keys_service.ts';
import { MessagesAdminServiceDefinition } from '../../src/gen/auth/v1/messages_admin_service.ts';
import { PasswordsServiceDefinition } from '../../src/gen/auth/v1/passwords_service.ts';
import { RegistrationServiceDefinition } from '../../src/gen/auth/v1/registration_service.ts';
import { RolesServiceDefinition } from '../../src/gen/accounts/v1/roles_service.ts';
import { RevocationsServiceDefinition } from '../../src/gen/auth/v1/revocations_service.ts';
import { SessionsServiceDefinition } from '../../src/gen/auth/v1/sessions_service.ts';
import { TokensAdminServiceDefinition } from '../../src/gen/auth/v1/tokens_admin_service.ts';

/** One key for all replicas of a test, as in a real set-up. */
export const TEST_MASTER_KEY = Buffer.alloc(32, 7).toString('base64');

/**
 * Cheaper than any service may hash (settings begin at 10): two thirds of the time of all tests went into hashes that no
 * test looks at. Whoever looks at them names a cost.
 */
const CHEAPEST_BCRYPT_COST = 4;

export type TestService = Awaited<ReturnType<typeof startService>>;
export type Clients = ReturnType<typeof connectClients>;

/**
 * A replica of the real service on a free port, with real clients. Several in one test are several replicas.
 * @param settings added to those of the embedded set-up; hashes are cheap unless a test says otherwise
 */
export async function startService(settings: Record<string, string> & { DATABASE_URL: string }) {
  const logLines: Record<string, unknown>[] = [];
  const logger = pino(
    { level: settings['LOG_LEVEL'] ?? 'info', base: null },
    { write: (line: string) => void logLines.push(JSON.parse(line)) },
  );
  const config = loadConfig({
    LISTEN_ADDRESS: '127.0.0.1:0',
    LOCAL_CALLERS: 'on',
    MASTER_KEY: TEST_MASTER_KEY,
    HASH_CONCURRENCY: '2',
    HASH_QUEUE: '5000',
    // Counted in the Redis that all test files share, and most of them call from one address.
    PUBLIC_CALLS_PER_MINUTE: '1000000',
    USER_CALLS_PER_MINUTE: '1000000',
    AVAILABILITY_CHECKS_PER_MINUTE: '1000000',
    GUESTS_PER_MINUTE: '1000000',
    ROLE_CHANGES_PER_MINUTE: '1000000',
    SUPPORT_LOOKS_PER_MINUTE: '1000000',
    SHUTDOWN_GRACE: '1s',
    ...settings,
  });
  const hashing = settings['BCRYPT_COST'] === undefined ? { BCRYPT_COST: CHEAPEST_BCRYPT_COST } : {};
  const app = await startApp({ ...config, ...hashing }, logger);
  const address = `127.0.0.1:${app.address.port}`;
  const clients = connectClients(address);
  return {
    ...clients,
    address,
    port: app.address.port,
    /** Where browsers are served, as http://localhost:<port>; only with GATEWAY_ADDRESS: '127.0.0.1:0'. */
    gatewayUrl: app.gateway ? `http://localhost:${app.gateway.port}` : '',
    /** What the service has logged so far. */
    logLines,
    /** Stops the service while the clients stay connected. */
    stopServer: () => app.stop(),
    async stop() {
      clients.close();
      await app.stop();
    },
  };
}

/**
 * Generated clients of everything that is served at an address. Those of one address share a connection, unless its options
 * say otherwise.
 */
export function connectClients(address: string, options: Parameters<typeof createChannel>[2] = {}) {
  const channel = createChannel(address, undefined, options);
  const factory = createClientFactory().use(errorDetailsClientMiddleware);
  return {
    auth: factory.create(AuthServiceDefinition, channel),
    accounts: factory.create(AccountsServiceDefinition, channel),
    keys: factory.create(KeysServiceDefinition, channel),
    revocations: factory.create(RevocationsServiceDefinition, channel),
    registration: factory.create(RegistrationServiceDefinition, channel),
    passwords: factory.create(PasswordsServiceDefinition, channel),
    sessions: factory.create(SessionsServiceDefinition, channel),
    roles: factory.create(RolesServiceDefinition, channel),
    organisations: factory.create(OrganisationsServiceDefinition, channel),
    audit: factory.create(AuditServiceDefinition, channel),
    messagesAdmin: factory.create(MessagesAdminServiceDefinition, channel),
    tokensAdmin: factory.create(TokensAdminServiceDefinition, channel),
    support: factory.create(SupportServiceDefinition, channel),
    users: factory.create(UsersServiceDefinition, channel),
    usersAdmin: factory.create(UsersAdminServiceDefinition, channel),
    health: factory.create(HealthDefinition, channel),
    close: () => channel.close(),
  };
}
