import { randomInt, randomUUID } from 'node:crypto';
import { Metadata } from 'nice-grpc';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { PASSWORD, registerConfirmed } from '../../support/people.ts';
import { refusalOf } from '../../support/refusal.ts';
import type { Refusal } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';

const WRONG = 'not the password';

describe('Failed logins', () => {
  let database: TestDatabase;
  let service: TestService;
  let second: TestService;

  beforeAll(async () => {
    database = await createTestDatabase();
    const settings = {
      DATABASE_URL: database.serviceUrl,
      REDIS_URL: inject('redisUrl'),
      LOGIN_FAILURES_PER_ADDRESS: '15',
    };
    service = await startService(settings);
    second = await startService(settings);
  });
  afterAll(async () => {
    await service?.stop();
    await second?.stop();
    await database?.drop();
  });

  it('ten are answered, then the account is blocked for a minute, for the right password too', async () => {
    const { phone, userId } = await registerConfirmed(service, database);
    for (let failure = 1; failure <= 10; failure += 1) {
      expect((await guess(phone)).reason, `failure ${failure}`).toBe('CREDENTIALS_INVALID');
    }
    for (const password of [WRONG, PASSWORD]) {
      const refusal = await guess(phone, password);
      expect(refusal).toMatchObject({
        status: 'RESOURCE_EXHAUSTED',
        reason: 'LOGIN_THROTTLED',
        metadata: {},
        fields: [],
        text: 'Too many failed logins; try again later.',
      });
      expectAbout(refusal.retryAfterSeconds, 60);
    }
    expect(await countFailures(userId)).toBe(10);

    await endBlock(`user:${userId}`);
    const answer = await service.auth.login({ login: phone, password: PASSWORD });
    expect(answer.userId).toBe(userId);
  });

  it.each([
    ['one replica', () => [service]],
    ['two replicas', () => [service, second]],
  ])('of 50 guesses at once on %s exactly ten are evaluated', async (_, replicasOf) => {
    const replicas = replicasOf();
    const { phone, userId } = await registerConfirmed(service, database);
    const refusals = await Promise.all(
      Array.from({ length: 50 }, (__, index) =>
        refusalOf(replicas[index % replicas.length]!.auth.login({ login: phone, password: WRONG })),
      ),
    );
    expect(countReasons(refusals)).toEqual({ CREDENTIALS_INVALID: 10, LOGIN_THROTTLED: 40 });
    expect(await countFailures(userId)).toBe(10);
  });

  it('each failure after a block doubles the next: 60 s to 15 minutes', async () => {
    const { phone, userId } = await registerConfirmed(service, database);
    await fail(phone, 10);
    for (const seconds of [60, 120, 240, 480, 900, 900]) {
      expectAbout((await guess(phone)).retryAfterSeconds, seconds);
      await endBlock(`user:${userId}`);
      const refusals = await Promise.all([1, 2, 3, 4].map(() => guess(phone)));
      // One attempt per block, however many come when it ends.
      expect(countReasons(refusals)).toEqual({ CREDENTIALS_INVALID: 1, LOGIN_THROTTLED: 3 });
    }
  });

  it('a success clears the count', async () => {
    const { phone, userId } = await registerConfirmed(service, database);
    for (let round = 0; round < 2; round += 1) {
      expect(await fail(phone, 9)).toEqual({ CREDENTIALS_INVALID: 9 });
      await service.auth.login({ login: phone, password: PASSWORD });
    }
    expect(await database.query('select from auth.login_attempts where subject = $1', [`user:${userId}`])).toEqual([]);
  });

  it('are counted per account, whatever contact was used', async () => {
    const person = await registerConfirmed(service, database, { email: `${randomUUID()}@example.com` });
    for (const login of [person.phone, person.secondLogin, person.email, person.phone.replace('+7', '8')]) {
      await fail(login, 2);
    }
    await fail(person.secondLogin, 2);
    expect((await guess(person.email)).reason).toBe('LOGIN_THROTTLED');
    const neighbour = await registerConfirmed(service, database);
    expect((await guess(neighbour.phone)).reason).toBe('CREDENTIALS_INVALID');
  });

  it('a login that nobody has is throttled like any other', async () => {
    const login = `nobody-${randomUUID()}`;
    const known = await registerConfirmed(service, database);
    const [unknownCounts, knownCounts] = [await fail(login, 12), await fail(known.phone, 12)];
    expect(unknownCounts).toEqual({ CREDENTIALS_INVALID: 10, LOGIN_THROTTLED: 2 });
    expect(unknownCounts).toEqual(knownCounts);
    const [unknown, other] = [await guess(login.toUpperCase()), await guess(known.phone)];
    expectAbout(unknown.retryAfterSeconds, 60);
    expect({ ...unknown, retryAfterSeconds: 0 }).toEqual({ ...other, retryAfterSeconds: 0 });
  });

  it('are forgotten after a day', async () => {
    const { phone, userId } = await registerConfirmed(service, database);
    await fail(phone, 9);
    await database.query("update auth.login_attempts set expires_at = now() - interval '1 s' where subject = $1", [
      `user:${userId}`,
    ]);
    expect(await fail(phone, 10)).toEqual({ CREDENTIALS_INVALID: 10 });
  });

  describe('from one address', () => {
    it('are refused beyond its limit, over however many accounts, and other addresses are not', async () => {
      const [address, elsewhere] = [newAddress(), newAddress()];
      const refusals = await Promise.all(
        Array.from({ length: 25 }, () => guess(`nobody-${randomUUID()}`, WRONG, address)),
      );
      expect(countReasons(refusals)).toEqual({ CREDENTIALS_INVALID: 15, LOGIN_THROTTLED: 10 });

      const { phone, userId } = await registerConfirmed(service, database);
      const refusal = await guess(phone, PASSWORD, address);
      expect(refusal.reason).toBe('LOGIN_THROTTLED');
      // To the end of its day.
      expectAbout(refusal.retryAfterSeconds, 24 * 3600);
      // A refusal for the address is none of the account's failures.
      const [attempts] = await database.query('select failures from auth.login_attempts where subject = $1', [
        `user:${userId}`,
      ]);
      expect(attempts?.['failures'] ?? 0).toBe(0);
      await service.auth.login({ login: phone, password: PASSWORD }, from(elsewhere));

      await endBlock(`address:${address}`);
      await service.auth.login({ login: phone, password: PASSWORD }, from(address));
    });

    it('count for the whole /64 of an IPv6 address, which is one line', async () => {
      const line = `2001:db8:${randomInt(1, 0xffff).toString(16)}:${randomInt(1, 0xffff).toString(16)}`;
      const refusals = await Promise.all(
        Array.from({ length: 20 }, (_, host) => guess(`nobody-${randomUUID()}`, WRONG, `${line}::${host + 1}`)),
      );
      expect(countReasons(refusals)).toEqual({ CREDENTIALS_INVALID: 15, LOGIN_THROTTLED: 5 });
    });

    it('only failures count: fifty logins of an office do not block it', async () => {
      const address = newAddress();
      const { phone } = await registerConfirmed(service, database);
      for (let login = 0; login < 50; login += 1) {
        await service.auth.login({ login: phone, password: PASSWORD }, from(address));
      }
    });
  });

  async function guess(login: string, password = WRONG, address?: string): Promise<Refusal> {
    return await refusalOf(service.auth.login({ login, password }, address === undefined ? {} : from(address)));
  }

  async function fail(login: string, times: number): Promise<unknown> {
    const refusals: Refusal[] = [];
    for (let time = 0; time < times; time += 1) refusals.push(await guess(login));
    return countReasons(refusals);
  }

  async function countFailures(userId: string): Promise<number> {
    const events = await database.query("select from auth.outbox_events where type = 'login.failed' and user_id = $1", [
      userId,
    ]);
    return events.length;
  }

  async function endBlock(subject: string): Promise<void> {
    const ended = await database.query(
      'update auth.login_attempts set blocked_until = clock_timestamp() where subject = $1 and blocked_until > now() returning 1',
      [subject],
    );
    expect(ended).toHaveLength(1);
  }
});

function from(address: string) {
  return { metadata: Metadata({ 'x-forwarded-for': address }) };
}

/** Nobody else's: calls per address are counted in the Redis that all test files share. */
function newAddress(): string {
  return `198.${randomInt(18, 20)}.${randomInt(256)}.${randomInt(256)}`;
}

function countReasons(refusals: readonly Refusal[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { reason = 'none' } of refusals) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}

/** Some seconds may pass between the failure and the question. */
function expectAbout(seconds: number | undefined, expected: number): void {
  expect(seconds).toBeGreaterThan(expected - 20);
  expect(seconds).toBeLessThanOrEqual(expected);
}
