import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { RefreshOutcome } from '../../../src/gen/auth/v1/auth_service.ts';
import type { TokenPair } from '../../../src/gen/auth/v1/token.ts';
import { bearer, register, tokensOf } from '../../support/people.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { openSessions } from '../../support/sessions.ts';
import type { OpenedSession } from '../../support/sessions.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import { problemOf } from '../../support/validation.ts';

const ROUNDS = 3;
/** Sessions at a time; 160 calls. More would only wait for connections to the database. */
const AT_ONCE = 20;

describe('Refresh in parallel', () => {
  let database: TestDatabase;
  let first: TestService;
  let second: TestService;
  let userId: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    const settings = { DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl') };
    first = await startService(settings);
    second = await startService(settings);
    ({ userId } = await register(first));
  });
  afterAll(async () => {
    await first?.stop();
    await second?.stop();
    await database?.drop();
  });

  it('8 at once, 300 sessions: nobody gets two successors and nobody is logged out', async () => {
    const sessions = await openSessions(database, userId, 300);
    let forks = 0;
    let falseLogouts = 0;
    let rotations = 0;

    const refreshInParallel = async (index: number) => {
      const { refreshToken } = sessions[index] as OpenedSession;
      const replicas = Array.from({ length: 8 }, (_, call) => (call % 2 === 0 ? first : second));
      const answers = await Promise.allSettled(replicas.map((replica) => replica.auth.refresh({ refreshToken })));
      const good = answers.filter((answer) => answer.status === 'fulfilled').map(({ value }) => value);
      falseLogouts += answers.length - good.length;
      rotations += good.filter(({ outcome }) => outcome === RefreshOutcome.ROTATED).length;
      const successors = [...new Set(good.map((answer) => tokensOf(answer).refreshToken))];
      if (successors.length !== 1) forks += 1;
      const [successor] = successors;
      if (successor !== undefined) sessions[index] = { ...(sessions[index] as OpenedSession), refreshToken: successor };
    };
    for (let round = 1; round <= ROUNDS; round += 1) {
      for (let begin = 0; begin < sessions.length; begin += AT_ONCE) {
        await Promise.all(Array.from({ length: AT_ONCE }, (_, offset) => refreshInParallel(begin + offset)));
      }
    }
    expect({ forks, falseLogouts, rotations }).toEqual({ forks: 0, falseLogouts: 0, rotations: 300 * ROUNDS });

    const rows = await database.query<{ count: number }>(
      `select count(*)::int from auth.sessions s join auth.refresh_tokens t on t.session_id = s.id
        where s.id = any ($1) and s.ended_at is null and t.generation = $2`,
      [sessions.map(({ sessionId }) => sessionId), ROUNDS + 1],
    );
    expect(rows).toEqual([{ count: 300 }]);
  });

  it('racing a logout, 200 sessions: afterwards no token of any of them works', async () => {
    const sessions = await openSessions(database, userId, 200);
    const stillWorking: string[] = [];
    let rotated = 0;

    // A few at a time: each race is between the two of one session, not for the processor.
    const race = async ({ refreshToken }: { refreshToken: string }, turn: number) => {
      const pair = tokensOf(await first.auth.refresh({ refreshToken }));
      const [here, there] = turn % 2 === 0 ? [first, second] : [second, first];
      const refresh = () => here.auth.refresh({ refreshToken: pair.refreshToken }).then(tokensOf, () => null);
      const leave = () => there.auth.logout({}, bearer(pair.accessToken));
      // The one that is sent first is another from turn to turn, and by how much.
      const isRefreshFirst = turn % 4 < 2;
      const sentFirst = isRefreshFirst ? refresh() : leave();
      for (let tick = 0; tick < turn % 5; tick += 1) await new Promise(setImmediate);
      const sentSecond = isRefreshFirst ? leave() : refresh();
      await Promise.all([sentFirst, sentSecond]);
      const raced = (await (isRefreshFirst ? sentFirst : sentSecond)) as TokenPair | null;
      if (raced) rotated += 1;

      const accessTokens = [pair.accessToken, ...(raced ? [raced.accessToken] : [])];
      for (const replica of [first, second]) {
        for (const accessToken of accessTokens) {
          const problem = await problemOf(replica, accessToken);
          if (problem !== 'TOKEN_REVOKED') stillWorking.push(`access token: ${problem}`);
        }
        for (const token of [refreshToken, pair.refreshToken, ...(raced ? [raced.refreshToken] : [])]) {
          const { reason } = await refusalOf(replica.auth.refresh({ refreshToken: token }));
          if (reason !== 'SESSION_ENDED') stillWorking.push(`refresh token: ${reason}`);
        }
      }
    };
    for (let begin = 0; begin < sessions.length; begin += 4) {
      await Promise.all(sessions.slice(begin, begin + 4).map((session, index) => race(session, begin + index)));
    }
    expect(stillWorking).toEqual([]);
    // Both orders were seen, or it was no race.
    expect(rotated).toBeGreaterThan(0);
    expect(rotated).toBeLessThan(200);
  });
});
