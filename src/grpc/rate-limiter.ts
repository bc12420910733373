import type { Redis } from 'ioredis';
import { RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible';
import type { RateLimiterAbstract } from 'rate-limiter-flexible';

/** Calls a minute and key: counted together in Redis, and by each process for itself while Redis is away. */
export function createRateLimiter(options: { redis: Redis | null; callsPerMinute: number }): RateLimiterAbstract {
  const limits = { points: options.callsPerMinute, duration: 60 };
  const memory = new RateLimiterMemory(limits);
  if (!options.redis) return memory;
  return new RateLimiterRedis({
    ...limits,
    storeClient: options.redis,
    keyPrefix: 'auth:calls',
    insuranceLimiter: memory,
    rejectIfRedisNotReady: true,
  });
}
