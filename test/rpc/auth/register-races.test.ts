import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { RegisterRequest } from '../../../src/gen/auth/v1/auth_service.ts';
import { newPerson } from '../../support/people.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import { whileLocked } from '../../support/while-locked.ts';

const LOGINS = 300;
const RIVALS = 8;
/** Calls beyond MAX_CALLS_IN_FLIGHT would be refused for that; and as many rivals as threads reach the database together. */
const LOGINS_AT_ONCE = 30;

describe('Register, at the same time', () => {
  let database: TestDatabase;
  let service: TestService;

  beforeAll(async () => {
    database = await createTestDatabase();
    service = await startService({
      DATABASE_URL: database.serviceUrl,
      REDIS_URL: inject('redisUrl'),
      HASH_CONCURRENCY: '4',
      DATABASE_POOL_SIZE: '16',
    });
  });
  afterAll(async () => {
    await service?.stop();
    await database?.drop();
  });

  it(`${LOGINS} logins, each wanted by ${RIVALS} calls at once: ${LOGINS} users`, { timeout: 600_000 }, async () => {
    const logins = Array.from({ length: LOGINS }, (_, index) => `wanted-${index}`);
    for (let start = 0; start < LOGINS; start += LOGINS_AT_ONCE) {
      const wave = logins.slice(start, start + LOGINS_AT_ONCE);
      const winners = await Promise.all(
        // Everything else differs, so that the login alone decides.
        wave.map((secondLogin) =>
          race(
            Array.from({ length: RIVALS }, () => newPerson({ secondLogin })),
            'second_login',
          ),
        ),
      );
      expect(winners).toEqual(wave.map(() => 1));
    }
    expect(await countRows('wanted-%')).toEqual({
      users: LOGINS,
      memberships: LOGINS,
      sessions: LOGINS,
      tokens: LOGINS,
    });
    const [all] = await database.query('select count(*)::int as contacts from accounts.user_contacts');
    expect(all).toEqual({ contacts: 2 * LOGINS });
    const events = await database.query("select from auth.outbox_events where type = 'user.registered'");
    expect(events).toHaveLength(LOGINS);
  });

  it('of eight whose transactions are all open at once, one succeeds', async () => {
    const rivals = Array.from({ length: RIVALS }, () => newPerson({ secondLogin: 'held-back' }));
    // Rows of contacts cannot be written until all eight stand before the table.
    expect(await whileLocked(database, 'accounts.user_contacts', RIVALS, () => race(rivals, 'second_login'))).toBe(1);
  });

  it('of eight who name one phone or e-mail all succeed: none of them has confirmed it', async () => {
    for (const shared of [{ phone: '+79110000002' }, { email: 'held.back@example.com' }]) {
      const rivals = Array.from({ length: RIVALS }, () => newPerson(shared));
      expect(await whileLocked(database, 'accounts.user_contacts', RIVALS, () => race(rivals, null))).toBe(RIVALS);
    }
  });

  it('of four equal forms one succeeds, and none is lost to a deadlock', async () => {
    for (let round = 0; round < 5; round += 1) {
      const person = newPerson({ email: `twice-${round}@example.com` });
      const rivals = Array.from({ length: 4 }, () => ({ ...person }));
      expect(await whileLocked(database, 'accounts.user_contacts', 4, () => race(rivals, null))).toBe(1);
    }
  });

  /** How many of the requests succeed. Every other one must be told that it came too late. */
  async function race(requests: readonly RegisterRequest[], contactType: string | null): Promise<number> {
    const calls = requests.map((request) => service.auth.register(request));
    const outcomes = await Promise.allSettled(calls);
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.status === 'fulfilled') continue;
      expect(await refusalOf(calls[index]!)).toMatchObject({
        status: 'ALREADY_EXISTS',
        reason: 'REGISTER_USER_ALREADY_EXISTS',
        ...(contactType === null ? {} : { metadata: { contact_type: contactType } }),
      });
    }
    return outcomes.filter(({ status }) => status === 'fulfilled').length;
  }

  async function countRows(secondLogin: string): Promise<unknown> {
    const [row] = await database.query(
      `select count(distinct c.user_id)::int as users, count(m.*)::int as memberships,
              count(s.*)::int as sessions, count(t.*)::int as tokens
         from accounts.user_contacts c
         join accounts.users u on u.id = c.user_id
         left join accounts.user_group_memberships m on m.user_id = u.id
         left join auth.sessions s on s.user_id = u.id
         left join auth.refresh_tokens t on t.session_id = s.id
        where c.value like $1`,
      [secondLogin],
    );
    return row;
  }
});
