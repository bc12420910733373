import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { migrate } from '../../src/db/migrate.ts';
import { startPostgresServer } from '../../src/embedded/postgres-server.ts';
import { provision } from '../../src/embedded/provision.ts';
import { startRedisServer } from '../../test/support/redis-server.ts';
import { isOnPath } from './on-path.ts';
import type { Pinning } from './pinning.ts';

export type BackingServers = {
  /** What the service needs to run. */
  readonly settings: Readonly<Record<'DATABASE_URL' | 'MASTER_KEY', string>> & { readonly REDIS_URL?: string };
  /** One more migrated database, for a figure that fills it. */
  readonly addDatabase: (name: string) => Promise<BenchDatabase>;
};

export type BenchDatabase = {
  readonly DATABASE_URL: string;
  /** As the superuser. */
  readonly adminUrl: string;
};

const DATABASE = 'auth';

/** A migrated PostgreSQL with its default settings (every commit is flushed to the disk), and a Redis if there is one. */
export async function startBackingServers(
  scope: AsyncDisposableStack,
  directory: string,
  { load }: Pick<Pinning, 'load'>,
): Promise<BackingServers> {
  const password = () => randomBytes(24).toString('base64url');
  const passwords = { owner: password(), service: password() };
  await mkdir(path.join(directory, 'servers'));
  const starting = startPostgresServer({
    dataDir: path.join(directory, 'servers', 'postgres'),
    superuserPassword: password(),
    logFile: path.join(directory, 'servers', 'postgres.log'),
  });
  // Before anything is awaited: an interrupted start is stopped as well.
  scope.defer(async () => (await starting.catch(() => null))?.stop());
  const startingRedis = isOnPath('redis-server') ? startRedisServer({ dir: path.join(directory, 'redis') }) : null;
  scope.defer(async () => (await startingRedis?.catch(() => null))?.stop());
  const [postgres, redis] = await Promise.all([starting, startingRedis]);

  // Its processes for connections are forked from it and inherit its place.
  for (const pid of load === null ? [] : [postgres.pid, ...(redis ? [redis.pid] : [])]) {
    execFileSync('taskset', ['--all-tasks', '--pid', '--cpu-list', String(load), String(pid)], { stdio: 'ignore' });
  }

  const addDatabase = async (database: string): Promise<BenchDatabase> => {
    await provision({ urlOf: (name) => postgres.connectionString(name), database, passwords });
    const urlOf = (user: string, secret: string) => postgres.connectionString(database, { user, password: secret });
    await migrate(urlOf('auth_owner', passwords.owner));
    return {
      DATABASE_URL: urlOf('auth_service', passwords.service),
      adminUrl: postgres.connectionString(database),
    };
  };
  const { DATABASE_URL } = await addDatabase(DATABASE);
  return {
    settings: {
      DATABASE_URL,
      MASTER_KEY: randomBytes(32).toString('base64'),
      ...(redis ? { REDIS_URL: redis.url } : {}),
    },
    addDatabase,
  };
}
