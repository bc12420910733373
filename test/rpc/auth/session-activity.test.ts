import { afterAll, beforeAll, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { bearer, register } from '../../support/people.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import { problemOf } from '../../support/validation.ts';

const PATIENCE = { timeout: 15_000, interval: 50 };
const TOUCH = 'function auth.touch_sessions(uuid[], timestamptz[])';

let database: TestDatabase;
let replicas: [TestService, TestService];

const start = () =>
  startService({
    DATABASE_URL: database.serviceUrl,
    REDIS_URL: inject('redisUrl'),
    SESSION_ACTIVITY_INTERVAL: '1s',
  });

beforeAll(async () => {
  database = await createTestDatabase();
  // Counts what is written, whoever writes it.
  await database.query('create table public.writes (session_id uuid)');
  await database.query(
    `create function public.count_write() returns trigger language plpgsql security definer as
       $$ begin insert into public.writes values (new.id); return new; end $$`,
  );
  await database.query(
    'create trigger count_write after update of last_used_at on auth.sessions for each row execute function public.count_write()',
  );
  replicas = [await start(), await start()];
});
afterAll(async () => {
  for (const replica of replicas ?? []) await replica.stop();
  await database?.drop();
});
beforeEach(() => database.query('truncate public.writes'));

async function signedIn() {
  const { tokens } = await register(replicas[0]);
  return tokens;
}
/** As if it had not been used for so long. */
const rest = (sessionId: string, ago = '2 minutes') =>
  database.query('update auth.sessions set last_used_at = now() - $2::interval where id = $1', [sessionId, ago]);
const writes = async (sessionId: string) =>
  (await database.query('select from public.writes where session_id = $1', [sessionId])).length;
const forget = () => database.query('truncate public.writes');
const lastUse = async (sessionId: string) => {
  const [row] = await database.query<{ recent: boolean }>(
    "select last_used_at > now() - interval '1 minute' as recent from auth.sessions where id = $1",
    [sessionId],
  );
  return row?.recent === true;
};
const isNoted = (sessionId: string) => vi.waitUntil(() => lastUse(sessionId), PATIENCE);
/** Until both replicas have written down what they had noted: another session, used on both after it, is. */
async function flushed() {
  for (const replica of replicas) {
    const { accessToken, sessionId } = await signedIn();
    await rest(sessionId);
    expect(await problemOf(replica, accessToken)).toBeNull();
    await isNoted(sessionId);
  }
}

describe('The last activity of a session', () => {
  it('is one write for 1000 validations in a minute on two replicas, and one more after a minute', async () => {
    const { accessToken, sessionId } = await signedIn();
    for (let minute = 1; minute <= 2; minute += 1) {
      await rest(sessionId);
      await forget();
      // In two halves with a flush between them.
      for (let half = 0; half < 2; half += 1) {
        await Promise.all(
          Array.from({ length: 500 }, (_, index) => replicas[index % 2]!.auth.validateToken({ accessToken })),
        );
        await flushed();
      }
      expect(await writes(sessionId)).toBe(1);
      expect(await lastUse(sessionId)).toBe(true);
    }
  });

  it.each<[string, (replica: TestService, accessToken: string) => Promise<unknown>]>([
    ['ValidateToken', (replica, accessToken) => replica.auth.validateToken({ accessToken })],
    [
      'BatchValidateTokens',
      (replica, accessToken) => replica.auth.batchValidateTokens({ accessTokens: [accessToken] }),
    ],
    [
      'StreamValidateTokens',
      async (replica, accessToken) => {
        async function* requests() {
          yield { accessToken };
        }
        for await (const answer of replica.auth.streamValidateTokens(requests())) return answer;
        return null;
      },
    ],
    ['a call of the user', (replica, accessToken) => replica.accounts.getProfile({}, bearer(accessToken))],
  ])('is seen from %s', async (_name, use) => {
    const { accessToken, sessionId } = await signedIn();
    await rest(sessionId);
    await use(replicas[0], accessToken);
    await isNoted(sessionId);
  });

  it('is not that of a token that is refused', async () => {
    const { accessToken, sessionId } = await signedIn();
    await replicas[0].auth.logout({}, bearer(accessToken));
    await rest(sessionId);
    await forget();
    expect(await problemOf(replicas[0], accessToken)).toBe('TOKEN_REVOKED');
    expect(await problemOf(replicas[1], accessToken)).toBe('TOKEN_REVOKED');
    await flushed();
    expect(await writes(sessionId)).toBe(0);
  });

  it('costs no validation where it cannot be written, and is written when it can be again', async () => {
    const { accessToken, sessionId } = await signedIn();
    await rest(sessionId);
    await database.query(`revoke execute on ${TOUCH} from auth_service`);
    const failures = () =>
      replicas[0].logLines.filter((line) => JSON.stringify(line).includes('touch_sessions')).length;
    const before = failures();
    try {
      const problems = await Promise.all(Array.from({ length: 100 }, () => problemOf(replicas[0], accessToken)));
      expect(problems.filter((problem) => problem !== null)).toEqual([]);
      await vi.waitUntil(() => failures() > before, PATIENCE);
      expect(await problemOf(replicas[0], accessToken)).toBeNull();
      expect(await lastUse(sessionId)).toBe(false);
    } finally {
      await database.query(`grant execute on ${TOUCH} to auth_service`);
    }
    await isNoted(sessionId);
  });

  it('is written at a stop', async () => {
    const leaving = await startService({ DATABASE_URL: database.serviceUrl, SESSION_ACTIVITY_INTERVAL: '1m' });
    const { accessToken, sessionId } = await signedIn();
    await rest(sessionId);
    expect(await problemOf(leaving, accessToken)).toBeNull();
    expect(await lastUse(sessionId)).toBe(false);
    await leaving.stop();
    expect(await lastUse(sessionId)).toBe(true);
  });
});
