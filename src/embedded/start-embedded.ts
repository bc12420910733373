import path from 'node:path';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/settings.ts';
import { migrate } from '../db/migrate.ts';
import type { Running } from '../run-until-signal.ts';
import { serve } from '../serve.ts';
import { isPortFree } from './free-port.ts';
import { acquireInstanceLock } from './instance-lock.ts';
import { nextSteps } from './next-steps.ts';
import { startPostgresServer } from './postgres-server.ts';
import { DATABASE, provision } from './provision.ts';
import { loadOrCreateSecrets } from './secrets-file.ts';
import { StartProblem } from '../errors/start-problem.ts';

type Options = {
  /** Holds everything: database, secrets, log. */
  readonly dataDir: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly print: (line: string) => void;
};

/** Where browsers are served unless it is said otherwise. */
const DEFAULT_GATEWAY = '127.0.0.1:8080';

/** The whole service on one machine, with a PostgreSQL of its own: what `npm start` does where no DATABASE_URL is set. */
export async function startEmbedded({ dataDir, environment, print }: Options): Promise<Running> {
  const startedAt = performance.now();
  await using opened = new AsyncDisposableStack();
  const inDataDir = (name: string) => path.join(dataDir, name);

  const lock = await acquireInstanceLock(dataDir);
  opened.defer(() => lock.release());
  const secrets = await loadOrCreateSecrets(inDataDir('secrets.json'));
  const defaults = {
    REFLECTION: 'on',
    LOCAL_CALLERS: 'on',
    PHONE_REGISTRATION: 'on',
    MESSAGE_FILES: inDataDir('messages'),
    GATEWAY_ADDRESS: DEFAULT_GATEWAY,
    ...environment,
    MASTER_KEY: environment['MASTER_KEY'] || secrets.masterKey,
  };
  const gatewayPort = /:([1-9]\d*)$/.exec(defaults.GATEWAY_ADDRESS)?.[1] ?? '8080';
  // Links in messages lead to the account page.
  const settings = { LINK_BASE_URL: environment['GATEWAY_URL'] || `http://localhost:${gatewayPort}`, ...defaults };
  // Read before anything is started, with a placeholder for what is not known yet: mistakes show at once.
  const {
    LISTEN_ADDRESS: listen,
    GATEWAY_ADDRESS: gateway,
    ...config
  } = loadConfig({ ...settings, DATABASE_URL: 'postgres://localhost' });
  if (listen.port !== 0 && !(await isPortFree(listen.port))) {
    throw new StartProblem(
      `Port ${listen.port} is in use. Stop what uses it, or choose another: LISTEN_ADDRESS=127.0.0.1:50052 npm start`,
    );
  }
  if (gateway !== 'off' && gateway.port !== 0 && !(await isPortFree(gateway.port))) {
    throw new StartProblem(
      `Port ${gateway.port} is in use. Stop what uses it, or choose another: GATEWAY_ADDRESS=127.0.0.1:8081 npm start (or off)`,
    );
  }

  const step = (text: string) =>
    print(`[${((performance.now() - startedAt) / 1000).toFixed(1).padStart(4)} s] ${text}`);
  step(`Starting PostgreSQL in ${inDataDir('postgres')}`);
  const postgres = await startPostgresServer({
    dataDir: inDataDir('postgres'),
    superuserPassword: secrets.superuserPassword,
    settings: { max_connections: String(connectionsOf(config)) },
    logFile: inDataDir('postgres.log'),
    onProgress: step,
  });
  opened.defer(() => postgres.stop());
  void postgres.exited.then(() => {
    print('PostgreSQL has ended by itself; see .data/postgres.log. Stopping.');
    process.kill(process.pid, 'SIGTERM');
  });

  step('Preparing the database');
  const passwords = { owner: secrets.ownerPassword, service: secrets.servicePassword };
  await provision({ urlOf: (database) => postgres.connectionString(database), database: DATABASE, passwords });
  const urlOf = (user: string, password: string) => postgres.connectionString(DATABASE, { user, password });
  const { migrations, files } = await migrate(urlOf('auth_owner', secrets.ownerPassword));
  step(`Applied ${migrations.length} migrations and ${files.length} functions and seed files`);

  const databaseUrl = urlOf('auth_service', secrets.servicePassword);
  const service = await serve({ ...settings, DATABASE_URL: databaseUrl }, inDataDir('service.log'), print);
  opened.defer(() => service.stop());
  step(`Serving gRPC on ${service.address.host}:${service.address.port}; log in ${inDataDir('service.log')}`);
  const gatewayUrl = service.gateway && (config.GATEWAY_URL ?? `http://localhost:${service.gateway.port}`);
  if (gatewayUrl) step(`Serving browsers on ${gatewayUrl}`);
  print(nextSteps({ address: service.address, gatewayUrl }));

  const running = opened.move();
  return {
    failed: service.failed,
    async stop() {
      print('Stopping');
      await running.disposeAsync();
    },
  };
}

/** What PostgreSQL has to let in: its default, or what the workers can open, and some for commands and people. */
function connectionsOf({ WORKERS, DATABASE_POOL_SIZE }: Pick<Config, 'WORKERS' | 'DATABASE_POOL_SIZE'>): number {
  return Math.max(100, WORKERS * (DATABASE_POOL_SIZE + 2) + 20);
}
