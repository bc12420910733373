import { randomUUID } from 'node:crypto';
import type { Config } from '../../src/config/settings.ts';
import { createPool } from '../../src/db/pool.ts';
import { createInTransaction } from '../../src/db/transaction.ts';

const DAY = 24 * 3600 * 1000;

type Options = {
  readonly config: Config;
  readonly userId: string;
  readonly count: number;
  /** The hash of a session's first refresh token. */
  readonly firstHash: (sessionId: string) => string;
};

/** Sessions as logins leave them, without the password hashes that logins cost. @returns their ids */
export async function openSessions({ config, userId, count, firstHash }: Options): Promise<string[]> {
  const pool = createPool({
    url: config.DATABASE_URL,
    size: 1,
    connectTimeout: 10_000,
    queryTimeout: 10_000,
    onIdleError: () => undefined,
  });
  const sessionIds = Array.from({ length: count }, () => randomUUID());
  const inDays = (days: number) => new Date(Date.now() + days * DAY);
  try {
    await createInTransaction(pool)(async ({ auth }) => {
      for (const sessionId of sessionIds) {
        await auth.createSession({
          userId,
          sessionId,
          interface: null,
          userAgent: null,
          ip: null,
          expiresAt: inDays(30),
          accessExpiresAt: inDays(1 / 48),
        });
        await auth.createRefreshToken({ userId, sessionId, tokenHash: firstHash(sessionId), expiresAt: inDays(7) });
      }
    });
  } finally {
    await pool.end();
  }
  return sessionIds;
}
