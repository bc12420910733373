import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { migrate } from '../../src/db/migrate.ts';
import { provision } from '../../src/embedded/provision.ts';
import { startRedisServer } from './redis-server.ts';
import { TEMPLATE, TEST_PASSWORDS } from './test-database.ts';
import { startTestPostgres } from './test-postgres.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** URL of the superuser for the shared PostgreSQL, without a database. */
    postgresUrl: string;
    /** The shared Redis. Tests that break Redis start one of their own. */
    redisUrl: string;
  }
}

/** Starts what all test files share: one PostgreSQL with a migrated template database, and one Redis. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const redisDir = await mkdtemp(path.join(tmpdir(), 'auth-test-redis-'));
  const [postgres, redis] = await Promise.all([startTestPostgres(), startRedisServer({ dir: redisDir })]);

  await provision({
    urlOf: (database) => postgres.connectionString(database),
    database: TEMPLATE,
    passwords: TEST_PASSWORDS,
  });
  await migrate(postgres.connectionString(TEMPLATE, { user: 'auth_owner', password: TEST_PASSWORDS.owner }));

  project.provide('postgresUrl', postgres.connectionString('postgres'));
  project.provide('redisUrl', redis.url);
  return async () => {
    await Promise.all([postgres.stop(), redis.stop()]);
    await rm(redisDir, { recursive: true, force: true });
  };
}
