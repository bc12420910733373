import { setTimeout as delay } from 'node:timers/promises';
import { createCallFunction } from '../db/call-function.ts';
import { checkDatabase } from '../db/check-database.ts';
import { createDatabaseFunctions } from '../db/functions.ts';
import { createPool } from '../db/pool.ts';
import { createInTransaction } from '../db/transaction.ts';
import { checkEvictionPolicy } from '../redis/check-policy.ts';
import { connectRedis, whenReady } from '../redis/connect.ts';
import type { Ground } from './ground.ts';

/** Where things are kept: PostgreSQL, and Redis where there is one. */
export async function openStores({ config, opened, onProblem }: Ground) {
  // The database. Leases are renewed on a connection of their own: they must not wait behind logins.
  const poolOptions = { url: config.DATABASE_URL, onIdleError: onProblem };
  const pool = createPool({
    ...poolOptions,
    size: config.DATABASE_POOL_SIZE,
    queryTimeout: 10_000,
    connectTimeout: 5000,
  });
  opened.defer(() => pool.end());
  const leasePool = createPool({ ...poolOptions, size: 2, connectTimeout: 500, queryTimeout: 900 });
  opened.defer(() => leasePool.end());
  const functions = createDatabaseFunctions(createCallFunction(pool));
  const { auth: leaseAuth } = createDatabaseFunctions(createCallFunction(leasePool));
  await checkDatabase(functions);

  const redisUrl = config.REDIS_URL;
  const redis = redisUrl === undefined ? null : connectRedis({ url: redisUrl, onProblem });
  opened.defer(() => redis?.disconnect());
  const subscriber = redisUrl === undefined ? null : connectRedis({ url: redisUrl, onProblem });
  opened.defer(() => subscriber?.disconnect());
  if (redis) {
    // A Redis that is away at the start is no reason not to: it is not needed for any promise.
    await Promise.race([whenReady(redis), delay(1000, undefined, { ref: false })]);
    await checkEvictionPolicy(redis);
  }
  return { functions, leaseAuth, inTransaction: createInTransaction(pool), redis, subscriber };
}

export type Stores = Awaited<ReturnType<typeof openStores>>;
