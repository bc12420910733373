import { Redis } from 'ioredis';

type Options = {
  readonly url: string;
  readonly onProblem: (error: Error) => void;
};

/**
 * A connection on which no caller ever hangs: ioredis would otherwise keep commands for a server that is away and repeat
 * them, for more than 15 seconds. It reconnects by itself.
 */
export function connectRedis({ url, onProblem }: Options): Redis {
  const redis = new Redis(url, {
    connectTimeout: 1000,
    commandTimeout: 500,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResubscribe: false,
    retryStrategy: (attempt) => Math.min(50 * attempt, 1000),
  });
  redis.on('error', onProblem);
  return redis;
}

/** Resolves when commands can be sent. */
export async function whenReady(redis: Redis): Promise<void> {
  if (redis.status !== 'ready') await new Promise<void>((resolve) => redis.once('ready', () => resolve()));
}
