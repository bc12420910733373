import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Metadata } from 'nice-grpc';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PASSWORD, register } from '../support/people.ts';
import { startRedisServer } from '../support/redis-server.ts';
import type { RedisServer } from '../support/redis-server.ts';
import { refusalOf } from '../support/refusal.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { openSessions } from '../support/sessions.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => {
  await database?.drop();
});

describe('PUBLIC calls a minute from one address', () => {
  let redisDirectory: string;
  let redis: RedisServer;
  let alone: TestService;
  let first: TestService;
  let second: TestService;

  beforeAll(async () => {
    redisDirectory = await mkdtemp(path.join(tmpdir(), 'auth-test-limits-'));
    redis = await startRedisServer({ dir: redisDirectory });
    const settings = { DATABASE_URL: database.serviceUrl, PUBLIC_CALLS_PER_MINUTE: '5' };
    alone = await startService(settings);
    first = await startService({ ...settings, REDIS_URL: redis.url });
    second = await startService({ ...settings, REDIS_URL: redis.url });
  });
  afterAll(async () => {
    await alone?.stop();
    await first?.stop();
    await second?.stop();
    await redis?.stop();
    await rm(redisDirectory, { recursive: true, force: true });
  });

  const from = (address: string) => ({ metadata: Metadata({ 'x-forwarded-for': address }) });
  const call = (service: TestService, address: string) => service.keys.getJwks({}, from(address));

  async function expectLimited(service: TestService, address: string) {
    const refusal = await refusalOf(call(service, address));
    expect(refusal).toMatchObject({ status: 'RESOURCE_EXHAUSTED', reason: 'RATE_LIMITED' });
    expect(refusal.retryAfterSeconds).toBeGreaterThan(30);
    expect(refusal.retryAfterSeconds).toBeLessThanOrEqual(60);
  }

  it('are counted by one process alone', async () => {
    for (let count = 0; count < 5; count += 1) await call(alone, '203.0.113.1');
    await expectLimited(alone, '203.0.113.1');
    await call(alone, '203.0.113.2');
  });

  it('are counted by all replicas together', async () => {
    for (let count = 0; count < 5; count += 1) await call(count % 2 === 0 ? first : second, '203.0.113.3');
    await expectLimited(first, '203.0.113.3');
    await expectLimited(second, '203.0.113.3');
    await call(second, '203.0.113.4');
  });

  it('are not counted for USER and SERVICE methods, nor for services that forward no address', async () => {
    for (let count = 0; count < 10; count += 1) {
      await first.auth.validateToken({ accessToken: 'x' }, from('203.0.113.5'));
      await first.keys.getJwks({});
    }
    await call(first, '203.0.113.5');
  });

  it('are still bounded when Redis is killed', async () => {
    await redis.kill();
    for (let count = 0; count < 5; count += 1) await call(first, '203.0.113.6');
    await expectLimited(first, '203.0.113.6');
    await call(first, '203.0.113.7');
  });
});

describe('Calls under way', () => {
  it('beyond the limit are OVERLOADED, and the others are answered', async () => {
    const service = await startService({ DATABASE_URL: database.serviceUrl, MAX_CALLS_IN_FLIGHT: '3' });
    const { userId } = await register(service);
    const sessions = await openSessions(database, userId, 3);
    const locker = new pg.Client({ connectionString: database.ownerUrl });
    await locker.connect();
    try {
      await locker.query('begin; lock table auth.sessions in access exclusive mode');
      const waiting = sessions.map(({ refreshToken }) => service.auth.refresh({ refreshToken }));
      const blocked = async () =>
        (await database.query(`select 1 from pg_locks where not granted and relation = 'auth.sessions'::regclass`))
          .length;
      await expect.poll(blocked, { timeout: 10_000 }).toBe(3);

      expect(await refusalOf(service.keys.getJwks({}))).toMatchObject({
        status: 'RESOURCE_EXHAUSTED',
        reason: 'OVERLOADED',
        retryAfterSeconds: 1,
      });
      await locker.query('rollback');
      expect(await Promise.all(waiting)).toHaveLength(3);
      await service.keys.getJwks({});
    } finally {
      await locker.end();
      await service.stop();
    }
  });
});

describe('The queue for hashes', () => {
  let service: TestService;
  /** One at a time takes as long as it needs to look at the queue, and nothing before it is quick. */
  const COST = '13';

  beforeAll(async () => {
    service = await startService({
      DATABASE_URL: database.serviceUrl,
      BCRYPT_COST: COST,
      HASH_CONCURRENCY: '1',
      HASH_QUEUE: '2',
    });
  });
  afterAll(async () => {
    await service?.stop();
  });

  const login = (name: string, signal?: AbortSignal) =>
    service.auth.login({ login: name, password: PASSWORD }, signal ? { signal } : {});
  /** Attempts that are counted: those that wait or were evaluated. */
  const counted = async () =>
    (await database.query<{ sum: number }>('select coalesce(sum(failures), 0)::int as sum from auth.login_attempts'))[0]
      ?.sum;

  it('is bounded: what finds it full is OVERLOADED and costs no attempt; what leaves makes room', async () => {
    const leaving = new AbortController();
    const before = (await counted()) ?? 0;
    // The first is being hashed, two wait.
    const running = refusalOf(login('somebody-1'));
    await expect.poll(counted, { timeout: 5000, interval: 5 }).toBe(before + 1);
    const waiting = ['somebody-2', 'somebody-3'].map((name) => login(name, leaving.signal).catch((error) => error));
    await expect.poll(counted, { timeout: 5000, interval: 5 }).toBe(before + 3);

    expect(await refusalOf(login('somebody-4'))).toMatchObject({
      status: 'RESOURCE_EXHAUSTED',
      reason: 'OVERLOADED',
      retryAfterSeconds: 1,
    });
    expect(await counted()).toBe(before + 3);

    leaving.abort();
    await Promise.all(waiting);
    // They give their attempts back while the first is still being hashed.
    await expect.poll(counted, { timeout: 5000, interval: 5 }).toBe(before + 1);
    const next = ['somebody-5', 'somebody-6'].map((name) => refusalOf(login(name)));
    const reasons = (await Promise.all([running, ...next])).map(({ reason }) => reason);
    expect(reasons).toEqual(['CREDENTIALS_INVALID', 'CREDENTIALS_INVALID', 'CREDENTIALS_INVALID']);
    expect(await counted()).toBe(before + 3);

    const lines = service.logLines.filter(({ method }) => method === '/auth.v1.AuthService/Login');
    expect(lines.map(({ status }) => status).sort()).toEqual([
      'CANCELLED',
      'CANCELLED',
      'RESOURCE_EXHAUSTED',
      'UNAUTHENTICATED',
      'UNAUTHENTICATED',
      'UNAUTHENTICATED',
    ]);
  });
});
