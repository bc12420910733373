import type { Logger } from 'pino';
import { createAccountCases } from './app/account-cases.ts';
import { createAdministrationCases } from './app/administration-cases.ts';
import { openDoors } from './app/doors.ts';
import { startJobs } from './app/jobs.ts';
import { startRevocation } from './app/revocation.ts';
import { startSenders } from './app/senders.ts';
import { prepareShared } from './app/shared.ts';
import { createSignInCases } from './app/sign-in-cases.ts';
import { openStores } from './app/stores.ts';
import type { Stores } from './app/stores.ts';
import { prepareTokens } from './app/tokens.ts';
import { systemClock } from './clock.ts';
import { redactedConfig } from './config/describe.ts';
import type { Config } from './config/settings.ts';
import { orNotMigrated } from './db/check-database.ts';
import type { AccessRules } from './grpc/access.ts';
import { checkCallers } from './grpc/check-callers.ts';
import { checkPermissions } from './grpc/check-permissions.ts';
import { readServedRules, serverCredentials } from './grpc/server.ts';
import { createDescribeSession } from './sessions/describe-session.ts';
import { openPlaces } from './sessions/locate.ts';
import type { Address } from './workers/messages.ts';
import type { PrimaryLink } from './workers/primary-link.ts';

/** The running service. */
type App = {
  /** Where gRPC is served; the port is the real one if 0 was asked for. */
  readonly address: Address;
  /** Where browsers are served; null: nowhere. */
  readonly gateway: Address | null;
  /** Lets calls under way finish and closes everything. */
  readonly stop: () => Promise<void>;
};

/** How often it is looked at whether the GeoIP database is another one; milliseconds. */
const GEOIP_WATCH_INTERVAL = 5000;

/**
 * Builds the service out of its parts and starts it, from the ground up. Only here and in app/ anything is constructed. What
 * is opened is put on a stack, and a stop, or a start that fails half way, closes it in reverse.
 * @param primary what a worker has of the process that has started it; null: this process is the only one
 * @param print shows the person in front of a terminal messages that nobody sends; null: nobody is there
 */
export async function startApp(
  config: Config,
  logger: Logger,
  primary: PrimaryLink | null = null,
  print: ((text: string) => void) | null = null,
): Promise<App> {
  await using opened = new AsyncDisposableStack();
  const onProblem = (error: unknown) => logger.warn({ err: error }, 'problem');
  const ground = { config, logger, clock: systemClock, onProblem, opened, primary };
  logger.info({ config: redactedConfig(config) }, 'starting');

  const stores = await openStores(ground);
  // What the settings name has to be there, before anything is written.
  const rules = readServedRules();
  await checkSettings(config, rules, stores);
  const credentials = await readCredentials(config);
  const geoip = await openPlaces({ file: config.GEOIP_DATABASE, onProblem, watchInterval: GEOIP_WATCH_INTERVAL });
  opened.defer(() => geoip.close());
  const describeSession = createDescribeSession({ locate: geoip.locate });

  const tokens = await prepareTokens(ground, stores);
  const revocation = await startRevocation(ground, stores, tokens);
  const shared = await prepareShared(ground, stores, tokens, revocation);
  const cases = {
    account: createAccountCases(stores, shared),
    signIn: createSignInCases(ground, stores, tokens, shared, describeSession),
    administration: createAdministrationCases(ground, stores, shared, describeSession),
  };
  startJobs(ground, stores, tokens, revocation, shared);
  const options = { rules, credentials };
  const { address, gateway, drain } = await openDoors(ground, stores, tokens, revocation, shared, cases, options);
  // Begun after the doors and ended before them, so that nothing is sent by a replica that does not serve.
  startSenders(ground, stores, shared, print);
  // The first thing that happens at a stop.
  opened.defer(drain);

  const running = opened.move();
  return { address, gateway, stop: () => running.disposeAsync() };
}

async function checkSettings(config: Config, rules: AccessRules, { functions: { accounts } }: Stores): Promise<void> {
  const { SERVICE_CALLERS: callers, ANONYMOUS_INTERFACES, LOCAL_CALLER_INTERFACES } = config;
  const namedInterfaces = [...ANONYMOUS_INTERFACES, ...LOCAL_CALLER_INTERFACES];
  const interfaces = new Set(await orNotMigrated(accounts.listInterfaces()));
  checkCallers({ callers, namedInterfaces, paths: rules.keys(), interfaces });
  checkPermissions(rules, await orNotMigrated(accounts.listPermissions()));
}

function readCredentials({ TLS_CERT_FILE: cert, TLS_KEY_FILE: key, TLS_CLIENT_CA_FILE: clientCa }: Config) {
  return serverCredentials(cert !== undefined && key !== undefined ? { cert, key, clientCa } : null);
}
