import { randomInt, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { registerConfirmed } from '../../support/people.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';

/** Of a known and an unknown contact each half. The standard error of the AUC is below 0.02 with so many. */
const SAMPLES = 1000;
const WARM_UP = 20;
const PATIENCE = 600_000;

/** One call about a contact that is not asked about twice. */
type Ask = (isKnown: boolean, index: number) => Promise<unknown>;

describe('By the time of an answer nobody learns who has an account', () => {
  let database: TestDatabase;
  let service: TestService;

  beforeAll(async () => {
    database = await createTestDatabase();
    service = await startService({
      DATABASE_URL: database.serviceUrl,
      REDIS_URL: inject('redisUrl'),
      BCRYPT_COST: '10',
      LOGIN_FAILURES_PER_ACCOUNT: '1000',
    });
  });
  afterAll(async () => {
    await service?.stop();
    await database?.drop();
  });

  it('of Login with a wrong password', { timeout: PATIENCE }, async () => {
    const known = await Promise.all(Array.from({ length: 20 }, () => registerConfirmed(service, database)));
    const unknown = known.map(() => `person-${randomUUID().slice(0, 13)}`);
    const ask: Ask = async (isKnown, index) => {
      const login = (isKnown ? known[index % 20]?.secondLogin : unknown[index % 20]) ?? '';
      await service.auth.login({ login, password: 'not the password' }).catch(() => undefined);
    };
    await expectOverlap('Login', ask, 2);
  });

  it('of StartCodeLogin, by phone', { timeout: PATIENCE }, async () => {
    const contact = await freshContacts('phone', (index) => `+7901${String(index).padStart(7, '0')}`);
    await expectOverlap('StartCodeLogin', (isKnown, index) =>
      service.auth.startCodeLogin({ contact: contact(isKnown, index) }),
    );
  });

  it('of StartPasswordReset, by e-mail', { timeout: PATIENCE }, async () => {
    const contact = await freshContacts('email', (index) => `reset-${String(index).padStart(7, '0')}@example.com`);
    await expectOverlap('StartPasswordReset', (isKnown, index) =>
      service.passwords.startPasswordReset({ contact: contact(isKnown, index) }),
    );
  });

  it('of StartRegistration', { timeout: PATIENCE }, async () => {
    const contact = await freshContacts('email', (index) => `new-${String(index).padStart(7, '0')}@example.com`);
    await expectOverlap('StartRegistration', (isKnown, index) =>
      service.registration.startRegistration({ email: contact(isKnown, index) }),
    );
  });

  it('which would be noticed: a tenth of a millisecond in half a millisecond', () => {
    const times = (more: number) => Array.from({ length: 500 }, () => 0.4 + Math.random() * 0.2 + more);
    expect(aucOf(times(0), times(0))).toBeGreaterThan(0.4);
    expect(aucOf(times(0), times(0))).toBeLessThan(0.6);
    expect(aucOf(times(0.1), times(0))).toBeGreaterThan(0.8);
    expect(aucOf(times(0), times(0.1))).toBeLessThan(0.2);
  });

  /** Contacts in pairs that look alike: one that an account has confirmed, one that nobody has. */
  async function freshContacts(type: string, contactOf: (index: number) => string) {
    const count = SAMPLES / 2 + WARM_UP;
    const known = Array.from({ length: count }, (_, index) => contactOf(index * 2));
    await database.query(
      `with people as (
         insert into accounts.users (id) select gen_random_uuid() from generate_series(1, $1) returning id
       ), numbered as (
         select p.id, row_number() over () as n from people p
       )
       insert into accounts.user_contacts (user_id, type, value, confirmed_at, is_primary)
       select p.id, $2, ($3::text[])[p.n], now(), true from numbered p`,
      [count, type, known],
    );
    await database.query('analyze');
    return (isKnown: boolean, index: number) => contactOf(index * 2 + (isKnown ? 0 : 1));
  }
});

/** @param lanes pairs under way at once; one makes the times of short calls sharper */
async function expectOverlap(name: string, ask: Ask, lanes = 1): Promise<void> {
  const known: number[] = [];
  const unknown: number[] = [];
  const pairs = WARM_UP + SAMPLES / 2;
  let next = 0;
  const lane = async () => {
    for (let index = next++; index < pairs; index = next++) {
      // One after the other and in random order: whatever else the machine does meets both alike.
      const first = randomInt(2) === 0;
      for (const isKnown of [first, !first]) {
        const begun = performance.now();
        await ask(isKnown, index);
        if (index >= WARM_UP) (isKnown ? known : unknown).push(performance.now() - begun);
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  expect(known.length + unknown.length).toBe(SAMPLES);

  const auc = aucOf(known, unknown);
  const median = (times: number[]) => times.toSorted((a, b) => a - b)[times.length >> 1]?.toFixed(2);
  console.log(`${name}: AUC ${auc.toFixed(3)} (median ${median(known)} ms known, ${median(unknown)} ms unknown)`);
  expect(auc).toBeGreaterThan(0.4);
  expect(auc).toBeLessThan(0.6);
}

/** The probability that a time of the one kind is longer than one of the other (Mann-Whitney); 0.5: nothing can be told. */
function aucOf(longer: readonly number[], shorter: readonly number[]): number {
  let wins = 0;
  for (const one of longer) for (const other of shorter) wins += one > other ? 1 : one === other ? 0.5 : 0;
  return wins / (longer.length * shorter.length);
}
