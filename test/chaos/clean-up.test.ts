import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { bearer, newPerson, register, tokensOf } from '../support/people.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { problemOf } from '../support/validation.ts';

const PER_CALL = `select relation, removed::int from auth.delete_expired($1, interval '30 days', interval '30 days', interval '30 days')`;

type Removed = { relation: string; removed: number };

describe('The clean-up', () => {
  let database: TestDatabase;
  let service: TestService;
  let userId: string;
  let accessToken: string;
  let refreshToken: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    service = await startService({
      DATABASE_URL: database.serviceUrl,
      REDIS_URL: inject('redisUrl'),
      // Not by itself, unless a test waits for it.
      CLEAN_UP_INTERVAL: '1d',
    });
    const person = await register(service, { idempotencyKey: randomUUID() });
    userId = person.userId;
    ({ accessToken, refreshToken } = person.tokens);
  });
  afterAll(async () => {
    await service?.stop();
    await database?.drop();
  });

  async function cleanUp(batch = 1000): Promise<Record<string, number>> {
    const rows = await database.query<Removed>(PER_CALL, [batch]);
    return Object.fromEntries(
      rows.filter(({ removed }) => removed > 0).map(({ relation, removed }) => [relation, removed]),
    );
  }

  const expiredRevocations = (count: number, ago = '6 minutes') =>
    database.query(
      `with first as (
         update auth.revocation_state s set revision = s.revision + $1 returning s.revision - $1 as revision
       )
       insert into auth.revocations (revision, kind, subject, user_id, trigger, expires_at)
       select f.revision + n, 'session', gen_random_uuid(), $2, 'logout_this', now() - $3::interval
         from first f, generate_series(1, $1::int) n`,
      [count, userId, ago],
    );
  const session = (expiresIn: string, endedAgo: string | null, accessExpiresIn: string) =>
    database.query(
      `insert into auth.sessions (id, user_id, expires_at, access_expires_at, ended_at, end_trigger)
       values ($1, $2, now() + $3::interval, now() + $5::interval, now() - $4::interval,
               case when $4::interval is not null then 'logout_this' end)`,
      [randomUUID(), userId, expiresIn, endedAgo, accessExpiresIn],
    );

  it('removes nothing that is alive', async () => {
    await service.auth.logout({}, bearer((await register(service)).tokens.accessToken));
    await service.auth.login({ login: 'nobody', password: 'wrong password' }).catch(() => undefined);
    await session('1 day', '29 days', '-29 days');
    await session('-29 days', null, '-59 days');
    // Ended and over, but with an access token that has a moment to live.
    await session('-31 days', '31 days', '-4 minutes');
    // The token that it blocks has expired, by our clock; others' may be late.
    await expiredRevocations(1, '4 minutes');
    expect(await cleanUp()).toEqual({});
  });

  it('removes what has outlived its use, of every kind', async () => {
    await expiredRevocations(3);
    await session('1 day', '31 days', '-31 days');
    await session('-31 days', null, '-31 days');
    await database.query(
      `insert into auth.registrations (key_hash, request_digest, user_id, session_id, token_id, issued_at, expires_at)
       values (repeat('a', 64), '', $1, gen_random_uuid(), gen_random_uuid(), now() - interval '2 days', now() - interval '1 second')`,
      [userId],
    );
    await database.query(
      `insert into auth.login_attempts (subject, failures, expires_at) values ('login:gone', 3, now() - interval '1 second')`,
    );
    await database.query(
      `insert into auth.outbox_events (type, occurred_at) values ('user.registered', now() - interval '31 days')`,
    );
    await database.query(
      `insert into auth.replicas (id, lease, seen_at) values (gen_random_uuid(), '1 s', now() - interval '61 minutes')`,
    );
    expect(await cleanUp()).toEqual({
      'auth.revocations': 3,
      'auth.sessions': 2,
      'auth.registrations': 1,
      'auth.login_attempts': 1,
      'auth.outbox_events': 1,
      'auth.replicas': 1,
    });
    expect(await cleanUp()).toEqual({});
  });

  it('leaves people signed in, revoked tokens revoked, and idempotency keys remembered', async () => {
    const person = newPerson({ idempotencyKey: randomUUID() });
    const first = await service.auth.register(person);
    const other = await register(service);
    await service.auth.logout({}, bearer(other.tokens.accessToken));
    await cleanUp();
    expect(await problemOf(service, accessToken)).toBeNull();
    expect(await problemOf(service, other.tokens.accessToken)).toBe('TOKEN_REVOKED');
    ({ refreshToken } = tokensOf(await service.auth.refresh({ refreshToken })));
    expect((await service.auth.register(person)).userId).toBe(first.userId);
    // A replica that starts now knows from the database alone.
    const fresh = await startService({ DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl') });
    expect(await problemOf(fresh, other.tokens.accessToken)).toBe('TOKEN_REVOKED');
    await fresh.stop();
  });

  it('takes no more than a batch of each kind in a call, the oldest first', async () => {
    await expiredRevocations(25);
    expect(await cleanUp(10)).toEqual({ 'auth.revocations': 10 });
    expect(await cleanUp(10)).toEqual({ 'auth.revocations': 10 });
    expect(await cleanUp(10)).toEqual({ 'auth.revocations': 5 });
  });

  it('does not wait for another that is at work, and takes other rows', async () => {
    await expiredRevocations(20);
    const another = new pg.Client({ connectionString: database.serviceUrl });
    await another.connect();
    try {
      await another.query('begin');
      const { rows } = await another.query<Removed>(PER_CALL, [10]);
      expect(rows.find(({ relation }) => relation === 'auth.revocations')?.removed).toBe(10);
      // The other has not committed: the service's role gives up after 5 s, so an answer is proof of no waiting.
      expect(await cleanUp(100)).toEqual({ 'auth.revocations': 10 });
      await another.query('commit');
    } finally {
      await another.end();
    }
  });

  it('does not wait for a session that is being refreshed', async () => {
    await session('-31 days', null, '-31 days');
    const holder = new pg.Client({ connectionString: database.ownerUrl });
    await holder.connect();
    try {
      await holder.query('begin');
      await holder.query(`select from auth.sessions where expires_at < now() - interval '30 days' for update`);
      expect(await cleanUp()).toEqual({});
      await holder.query('rollback');
      expect(await cleanUp()).toEqual({ 'auth.sessions': 1 });
    } finally {
      await holder.end();
    }
  });

  it('is done by the service by itself, as many batches as it takes', async () => {
    await expiredRevocations(2500);
    const tidy = await startService({
      DATABASE_URL: database.serviceUrl,
      REDIS_URL: inject('redisUrl'),
      CLEAN_UP_INTERVAL: '1s',
    });
    try {
      const left = async () =>
        (await database.query(`select from auth.revocations where expires_at < now() - interval '5 minutes'`)).length;
      await expect.poll(left, { timeout: 20_000 }).toBe(0);
    } finally {
      await tidy.stop();
    }
  });
});
