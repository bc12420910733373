import { randomInt, randomUUID } from 'node:crypto';
import { Metadata } from 'nice-grpc';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { PASSWORD, registerConfirmed } from '../../support/people.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';

const WRONG = 'not the password';
const INVALID = 'UNAUTHENTICATED CREDENTIALS_INVALID';
const THROTTLED = 'RESOURCE_EXHAUSTED LOGIN_THROTTLED';

describe('Login from a known device', () => {
  let database: TestDatabase;
  let service: TestService;

  beforeAll(async () => {
    database = await createTestDatabase();
    const settings = { DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl') };
    service = await startService({ ...settings, LOGIN_FAILURES_PER_ADDRESS: '15' });
  });
  afterAll(async () => {
    await service?.stop();
    await database?.drop();
  });

  it('goes on while 500 strangers guess at once: they are blocked, the owner is not', async () => {
    const { phone, userId } = await registerConfirmed(service, database);
    const { deviceToken } = await service.auth.login({ login: phone, password: PASSWORD });
    expect(countOf(await guess(500, { login: phone }))).toEqual({ [INVALID]: 10, [THROTTLED]: 490 });
    expect(await outcomeOf(service.auth.login({ login: phone, password: PASSWORD }))).toBe(THROTTLED);

    const again = await service.auth.login({ login: phone, password: PASSWORD, deviceToken });
    expect(again.userId).toBe(userId);
    // The owner's login is no amnesty for the strangers.
    expect(await outcomeOf(service.auth.login({ login: phone, password: WRONG }))).toBe(THROTTLED);
  });

  it('has ten guesses of its own: of 500 at once exactly ten are evaluated, and everybody else is free', async () => {
    const { phone, userId } = await registerConfirmed(service, database);
    const { deviceToken } = await service.auth.login({ login: phone, password: PASSWORD });
    expect(countOf(await guess(500, { login: phone, deviceToken }))).toEqual({ [INVALID]: 10, [THROTTLED]: 490 });
    const failed = await database.query("select from auth.outbox_events where type = 'login.failed' and user_id = $1", [
      userId,
    ]);
    expect(failed).toHaveLength(10);
    const blocked = service.auth.login({ login: phone, password: PASSWORD, deviceToken });
    expect(await outcomeOf(blocked)).toBe(THROTTLED);
    expect((await service.auth.login({ login: phone, password: PASSWORD })).userId).toBe(userId);
  });

  it('clears its own count with a success, and nobody else’s', async () => {
    const { phone, userId } = await registerConfirmed(service, database);
    const { deviceToken } = await service.auth.login({ login: phone, password: PASSWORD });
    await guess(3, { login: phone });
    await guess(3, { login: phone, deviceToken });
    await service.auth.login({ login: phone, password: PASSWORD, deviceToken });
    const counts = await database.query('select subject, failures from auth.login_attempts where subject like $1', [
      `user:${userId}%`,
    ]);
    expect(counts).toEqual([{ subject: `user:${userId}`, failures: 3 }]);
  });

  it('is told the token that it has, by every contact of the account', async () => {
    const person = await registerConfirmed(service, database);
    const { deviceToken } = await service.auth.login({ login: person.phone, password: PASSWORD });
    for (const login of [person.phone, person.secondLogin]) {
      expect((await service.auth.login({ login, password: PASSWORD, deviceToken })).deviceToken).toBe(deviceToken);
    }
  });

  it('is what a registration and a login without a token begin', async () => {
    const { phone, secondLogin } = await registerConfirmed(service, database);
    const [first, second] = [
      await service.auth.login({ login: phone, password: PASSWORD }),
      await service.auth.login({ login: secondLogin, password: PASSWORD }),
    ];
    expect(first.deviceToken).toMatch(/^dt1_[A-Za-z0-9_-]{70}$/);
    expect(second.deviceToken).not.toBe(first.deviceToken);
  });

  it('counts as a stranger with a token that is not good for the account, and nobody is told', async () => {
    const [person, other] = [await registerConfirmed(service, database), await registerConfirmed(service, database)];
    const { deviceToken } = await service.auth.login({ login: other.phone, password: PASSWORD });
    const tokens = [
      deviceToken,
      deviceToken.slice(0, -2),
      `${deviceToken}A`,
      'dt1_',
      `dt1_${'A'.repeat(70)}`,
      '\u0000',
      'a'.repeat(100_000),
    ];
    const refusals = [];
    for (const token of ['', ...tokens]) {
      refusals.push(await refusalOf(service.auth.login({ login: person.phone, password: WRONG, deviceToken: token })));
    }
    for (const refusal of refusals) expect(refusal).toEqual(refusals[0]);
    expect(refusals[0]?.reason).toBe('CREDENTIALS_INVALID');
    const counts = await database.query('select subject, failures from auth.login_attempts where subject like $1', [
      `user:${person.userId}%`,
    ]);
    expect(counts).toEqual([{ subject: `user:${person.userId}`, failures: tokens.length + 1 }]);

    const answer = await service.auth.login({ login: person.phone, password: PASSWORD, deviceToken });
    expect(answer.deviceToken).not.toBe(deviceToken);
    // An unknown login with somebody's token is an unknown login.
    const unknown = { login: `nobody-${randomUUID()}`, password: WRONG, deviceToken };
    expect((await refusalOf(service.auth.login(unknown))).reason).toBe('CREDENTIALS_INVALID');
  });

  it('counts for its address all the same', async () => {
    const { phone } = await registerConfirmed(service, database);
    const { deviceToken } = await service.auth.login({ login: phone, password: PASSWORD });
    const address = `198.${randomInt(18, 20)}.${randomInt(256)}.${randomInt(256)}`;
    const from = { metadata: Metadata({ 'x-forwarded-for': address }) };
    const outcomes = [];
    for (let time = 0; time < 8; time += 1) {
      outcomes.push(await outcomeOf(service.auth.login({ login: phone, password: WRONG, deviceToken }, from)));
    }
    for (let time = 0; time < 8; time += 1) {
      const login = `nobody-${randomUUID()}`;
      outcomes.push(await outcomeOf(service.auth.login({ login, password: WRONG }, from)));
    }
    expect(countOf(outcomes)).toEqual({ [INVALID]: 15, [THROTTLED]: 1 });
  });

  function guess(times: number, request: { login: string; deviceToken?: string }): Promise<string[]> {
    const one = () => outcomeOf(service.auth.login({ ...request, password: WRONG }));
    return Promise.all(Array.from({ length: times }, one));
  }
});

function countOf(outcomes: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}
