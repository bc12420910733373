import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findFreePort } from '../../src/embedded/free-port.ts';
import { outcomeOf } from '../support/outcome.ts';
import { startPrivatePostgres } from '../support/private-postgres.ts';
import type { PrivatePostgres } from '../support/private-postgres.ts';
import { startRedisServer } from '../support/redis-server.ts';
import type { RedisServer } from '../support/redis-server.ts';
import { startServiceProcess } from '../support/service-process.ts';
import type { ServiceProcess } from '../support/service-process.ts';

export type Cluster = {
  readonly postgres: PrivatePostgres;
  readonly redis: RedisServer;
  readonly redisDirectory: string;
  readonly replicas: readonly Replica[];
  /** One more, under the settings of the others. */
  readonly startReplica: (name: string) => Promise<Replica>;
};

/** A replica in a process of its own, by its name through all its lives. */
export type Replica = {
  readonly name: string;
  readonly isAlive: () => boolean;
  /** Of its present life. */
  readonly auth: () => ServiceProcess['auth'];
  readonly process: () => ServiceProcess;
  /** How often something was done to it; while it is odd, it cannot be expected to answer. */
  readonly troubles: () => number;
  readonly pause: () => void;
  /** Resolves when it accepts a live token again: its connections have timed out meanwhile, and its lease is long over. */
  readonly resume: (liveToken: string) => Promise<void>;
  readonly kill: () => Promise<void>;
  readonly restart: () => Promise<void>;
};

type Options = {
  /** Milliseconds. */
  readonly lease: number;
  readonly replicas?: number;
  /** Where the replicas find PostgreSQL and Redis, if there is something between. */
  readonly through?: (stores: Stores) => Promise<Stores>;
};

export type Stores = { readonly postgresUrl: string; readonly redisUrl: string };

/** Real PostgreSQL and Redis of their own, durable both, and replicas of the service in processes of their own. */
export async function startCluster(
  scope: AsyncDisposableStack,
  { lease, replicas: count = 2, through = async (stores) => stores }: Options,
): Promise<Cluster> {
  const directory = mkdtempSync(path.join(tmpdir(), 'auth-chaos-'));
  scope.defer(() => rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
  const redisDirectory = path.join(directory, 'redis');
  const postgres = await startPrivatePostgres();
  scope.defer(() => postgres.remove());
  const redis = await startRedisServer({ dir: redisDirectory, appendOnly: true });
  scope.defer(() => redis.stop());

  const { postgresUrl, redisUrl } = await through({ postgresUrl: postgres.serviceUrl, redisUrl: redis.url });
  const settings = {
    DATABASE_URL: postgresUrl,
    REDIS_URL: redisUrl,
    REVOCATION_LEASE: `${lease}ms`,
    PUBLIC_CALLS_PER_MINUTE: '1000000',
  };
  const startReplica = async (name: string) => {
    // The same port through all its lives, as behind the name of a machine.
    const LISTEN_ADDRESS = `127.0.0.1:${await findFreePort()}`;
    const replica = await createReplica(name, () => startServiceProcess({ ...settings, LISTEN_ADDRESS }));
    scope.defer(replica.kill);
    return replica;
  };
  const names = ['A', 'B', 'C', 'D'].slice(0, count);
  return { postgres, redis, redisDirectory, replicas: await Promise.all(names.map(startReplica)), startReplica };
}

const BACK_WITHIN = 20_000;

async function createReplica(name: string, start: () => Promise<ServiceProcess>): Promise<Replica> {
  let process = await start();
  let isAlive = true;
  let troubles = 0;
  const isInTrouble = () => troubles % 2 === 1;
  return {
    name,
    isAlive: () => isAlive,
    auth: () => process.auth,
    process: () => process,
    troubles: () => troubles,
    pause() {
      troubles += 1;
      process.pause();
    },
    async resume(liveToken) {
      process.resume();
      const deadline = performance.now() + BACK_WITHIN;
      while ((await outcomeOf(process.auth.validateToken({ accessToken: liveToken }))) !== 'OK') {
        if (performance.now() > deadline) throw new Error(`${name} has not come back.`);
        await sleep(20);
      }
      troubles += 1;
    },
    async kill() {
      if (!isInTrouble()) troubles += 1;
      isAlive = false;
      await process.kill();
    },
    async restart() {
      process = await start();
      isAlive = true;
      troubles += 1;
    },
  };
}
