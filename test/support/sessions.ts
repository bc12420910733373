import { randomUUID } from 'node:crypto';
import { createRefreshTokens, hashRefreshToken } from '../../src/tokens/refresh-token.ts';
import type { RefreshTokens } from '../../src/tokens/refresh-token.ts';
import { deriveSubkey } from '../../src/tokens/subkey.ts';
import { TEST_MASTER_KEY } from './service.ts';
import { authFunctionsOf } from './stored-functions.ts';
import type { TestDatabase } from './test-database.ts';

const HOUR = 3_600_000;

/** What makes refresh tokens in a service with this master key; with the one of the tests, what a forger would need. */
export function refreshTokensUnder(masterKey = TEST_MASTER_KEY): RefreshTokens {
  const key = Buffer.from(masterKey, 'base64');
  return createRefreshTokens({
    token: deriveSubkey(key, 'refresh-token'),
    salt: deriveSubkey(key, 'refresh-token-salt'),
  });
}

/** A session that has no access token yet. */
export type OpenedSession = { readonly sessionId: string; readonly refreshToken: string };

/** Begins sessions as a login does, without what makes a login slow: the hash. */
export async function openSessions(
  database: Pick<TestDatabase, 'query'>,
  userId: string,
  count: number,
): Promise<OpenedSession[]> {
  const auth = authFunctionsOf(database);
  const refreshTokens = refreshTokensUnder();
  const open = async (): Promise<OpenedSession> => {
    const sessionId = randomUUID();
    const token = refreshTokens.first(sessionId);
    await auth.createSession({
      userId,
      sessionId,
      interface: null,
      userAgent: null,
      ip: null,
      expiresAt: new Date(Date.now() + 30 * 24 * HOUR),
      accessExpiresAt: new Date(Date.now() + HOUR / 2),
    });
    await auth.createRefreshToken({
      userId,
      tokenHash: hashRefreshToken(token),
      expiresAt: new Date(Date.now() + 7 * 24 * HOUR),
      sessionId,
    });
    return { sessionId, refreshToken: token.text };
  };
  return await Promise.all(Array.from({ length: count }, open));
}

export async function openSession(database: Pick<TestDatabase, 'query'>, userId: string): Promise<OpenedSession> {
  const [session] = await openSessions(database, userId, 1);
  if (!session) throw new Error('No session was opened.');
  return session;
}
