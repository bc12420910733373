import path from 'node:path';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/settings.ts';
import { createCallFunction } from '../db/call-function.ts';
import type { CallFunction } from '../db/call-function.ts';
import { createPool } from '../db/pool.ts';
import { findRunningPostgres } from '../embedded/find-running-postgres.ts';
import { DATABASE } from '../embedded/provision.ts';
import { loadOrCreateSecrets } from '../embedded/secrets-file.ts';

/** The database as its owner, and the settings that go with it. */
export type OwnerDatabase = {
  readonly call: CallFunction;
  readonly config: Config;
  readonly close: () => Promise<void>;
};

type Options = {
  readonly dataDir: string;
  /** Whether signing keys are read or written. */
  readonly needsMasterKey: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
};

/** Connects to DATABASE_OWNER_URL, or to the embedded PostgreSQL that runs on the data directory. */
export async function openDatabase({ dataDir, needsMasterKey, environment }: Options): Promise<OwnerDatabase> {
  if (environment['DATABASE_URL'] && !environment['DATABASE_OWNER_URL']) {
    throw new TypeError('DATABASE_URL is set and DATABASE_OWNER_URL is not: which database is meant?');
  }
  const settings = environment['DATABASE_OWNER_URL'] ? environment : await embeddedSettings(dataDir, environment);
  if (needsMasterKey && !settings['MASTER_KEY']) throw new TypeError('MASTER_KEY is not set.');
  // What only a serving process needs is filled in with what does no harm.
  const config = loadConfig({
    ...settings,
    DATABASE_URL: settings['DATABASE_URL'] || 'postgres://unused',
    MASTER_KEY: settings['MASTER_KEY'] || Buffer.alloc(32).toString('base64'),
    LISTEN_ADDRESS: '127.0.0.1:0',
  });
  const url = config.DATABASE_OWNER_URL;
  if (url === undefined) throw new Error('DATABASE_OWNER_URL is not set.');
  const pool = createPool({ url, size: 1, connectTimeout: 5000, queryTimeout: 30_000, onIdleError: () => undefined });
  return { call: createCallFunction(pool), config, close: () => pool.end() };
}

async function embeddedSettings(dataDir: string, environment: Options['environment']): Promise<Options['environment']> {
  const port = await findRunningPostgres(path.join(dataDir, 'postgres'));
  const secrets = await loadOrCreateSecrets(path.join(dataDir, 'secrets.json'));
  return {
    ...environment,
    MASTER_KEY: environment['MASTER_KEY'] || secrets.masterKey,
    DATABASE_OWNER_URL: `postgres://auth_owner:${secrets.ownerPassword}@127.0.0.1:${port}/${DATABASE}`,
  };
}
