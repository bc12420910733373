import type { Redis } from 'ioredis';

/** Whether Redis answers now. One that is connected and silent does not. */
export async function isReachable(redis: Pick<Redis, 'ping'>): Promise<boolean> {
  return await redis.ping().then(
    () => true,
    () => false,
  );
}
