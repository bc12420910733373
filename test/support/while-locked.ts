import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { inject } from 'vitest';
import type { TestDatabase } from './test-database.ts';

/** Holds a table until so many transactions wait for it, then lets them all go. */
export async function whileLocked<T>(
  database: Pick<TestDatabase, 'serviceUrl'>,
  table: string,
  waiting: number,
  work: () => Promise<T>,
): Promise<T> {
  const url = new URL(inject('postgresUrl'));
  url.pathname = new URL(database.serviceUrl).pathname;
  const holder = new pg.Client({ connectionString: url.href });
  await holder.connect();
  try {
    await holder.query(`begin; lock table ${table} in share row exclusive mode`);
    const working = work();
    for (;;) {
      const { rows } = await holder.query<{ count: number }>(
        'select count(*)::int from pg_locks where relation = $1::regclass and not granted',
        [table],
      );
      if (rows[0]?.count === waiting) break;
      await delay(5);
    }
    await holder.query('commit');
    return await working;
  } finally {
    await holder.end();
  }
}
