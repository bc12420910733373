import pg from 'pg';
import { inject } from 'vitest';
import type { TestDatabase } from '../support/test-database.ts';

/** One connection of the superuser to a test's database, for what has to stay in one session. */
export async function connectSuperuser({ serviceUrl }: TestDatabase): Promise<pg.Client> {
  const url = new URL(inject('postgresUrl'));
  url.pathname = new URL(serviceUrl).pathname;
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  return client;
}
