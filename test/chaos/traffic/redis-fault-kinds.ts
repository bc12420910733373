import { rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Cluster } from '../cluster.ts';

type Fault = (cluster: Pick<Cluster, 'redis' | 'redisDirectory'>, downFor: number) => Promise<void>;

/** What Redis can do to the service, and how it ends; milliseconds. */
export const redisFaultKinds = {
  async flush({ redis }) {
    const client = new Redis(redis.url);
    await client.flushall();
    client.disconnect();
  },
  /** It comes back with what it had written: every write is on its disk before it is answered. */
  async kill({ redis }, downFor) {
    await redis.kill();
    await sleep(downFor);
    await redis.restart();
  },
  async stop({ redis }, downFor) {
    redis.pause();
    await sleep(downFor);
    redis.resume();
  },
  async emptyRestart({ redis, redisDirectory }, downFor) {
    await redis.kill();
    await rm(path.join(redisDirectory, 'appendonlydir'), { recursive: true, force: true });
    await sleep(downFor);
    await redis.restart();
  },
} satisfies Record<string, Fault>;
