import type { Redis } from 'ioredis';
import { StartProblem } from '../errors/start-problem.ts';

/** Refuses a Redis that throws keys away when its memory is full. A server that hides its settings is taken on trust. */
export async function checkEvictionPolicy(redis: Pick<Redis, 'config'>): Promise<void> {
  const answer = await redis.config('GET', 'maxmemory-policy').catch(() => null);
  const policy = Array.isArray(answer) ? answer[1] : null;
  if (typeof policy === 'string' && policy !== 'noeviction') {
    throw new StartProblem(`Redis evicts keys (maxmemory-policy ${policy}); set it to noeviction.`);
  }
}
