import type { Redis } from 'ioredis';
import { RateLimiterCluster, RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible';
import type { RateLimiterAbstract } from 'rate-limiter-flexible';

type Options = {
  readonly redis: Redis | null;
  /** Whether this is one of several processes behind one address (src/workers). */
  readonly isWorker: boolean;
  /** What is counted: limiters of different names count by themselves. */
  readonly name: string;
  readonly callsPerMinute: number;
};

/**
 * Calls a minute and key: counted together in Redis, and by each process for itself while Redis is away. Without Redis the
 * primary counts for its workers; what it does not answer in half a second is let through.
 */
export function createRateLimiter(options: Options): RateLimiterAbstract {
  const limits = { points: options.callsPerMinute, duration: 60, keyPrefix: `auth:${options.name}` };
  if (!options.redis && options.isWorker) return new RateLimiterCluster({ ...limits, timeoutMs: 500 });
  const memory = new RateLimiterMemory(limits);
  if (!options.redis) return memory;
  return new RateLimiterRedis({
    ...limits,
    storeClient: options.redis,
    insuranceLimiter: memory,
    rejectIfRedisNotReady: true,
  });
}
