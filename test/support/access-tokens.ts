import { register, tokensOf } from './people.ts';
import type { Clients } from './service.ts';
import { openSessions } from './sessions.ts';
import type { TestDatabase } from './test-database.ts';

/** Live access tokens, each of a session of its own, all of one person: many of them for the price of one hash. */
export async function accessTokens(
  clients: Pick<Clients, 'auth'>,
  database: Pick<TestDatabase, 'query'>,
  count: number,
): Promise<string[]> {
  const { userId } = await register(clients);
  const sessions = await openSessions(database, userId, count);
  return await Promise.all(
    sessions.map(async ({ refreshToken }) => tokensOf(await clients.auth.refresh({ refreshToken })).accessToken),
  );
}
