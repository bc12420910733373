import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { latestLinkToken } from '../../support/challenges.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { PASSWORD, bearer, newPerson, register } from '../../support/people.ts';
import { refusalOf } from '../../support/refusal.ts';
import { beginRegistration, newEmail, newForm } from '../../support/registrations.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import { whileLocked } from '../../support/while-locked.ts';

const LINKS = 40;
const RIVALS = 8;
const OWNERS = 20;

describe('A registration link', () => {
  let database: TestDatabase;
  let service: TestService;
  let other: TestService;

  beforeAll(async () => {
    database = await createTestDatabase();
    const settings = { DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl'), HASH_CONCURRENCY: '4' };
    service = await startService(settings);
    other = await startService(settings);
  });
  afterAll(async () => {
    await service?.stop();
    await other?.stop();
    await database?.drop();
  });

  it(
    `${LINKS} links, each in ${RIVALS} calls at once on two replicas: ${LINKS} accounts`,
    { timeout: 300_000 },
    async () => {
      const emails = Array.from({ length: LINKS }, newEmail);
      const winners: string[] = [];
      for (let start = 0; start < LINKS; start += 4) {
        const wave = emails.slice(start, start + 4);
        await Promise.all(
          wave.map(async (email) => {
            const token = await beginRegistration(service, database, email);
            // Each asks for a login of its own, so that the link alone decides.
            const calls = Array.from({ length: RIVALS }, (_, index) =>
              (index % 2 === 0 ? service : other).registration.finishRegistration(
                newForm(token, { secondLogin: newPerson().secondLogin }),
              ),
            );
            const outcomes = await Promise.all(calls.map(outcomeOf));
            expect(outcomes.toSorted()).toEqual([
              ...Array.from({ length: RIVALS - 1 }, () => 'ALREADY_EXISTS VERIFY_USER_ALREADY_VERIFIED'),
              'OK',
            ]);
            winners.push((await calls[outcomes.indexOf('OK')])?.userId ?? '');
          }),
        );
      }
      expect(new Set(winners).size).toBe(LINKS);
      const rows = await database.query<{ count: number }>(
        `select count(distinct c.user_id)::int from accounts.user_contacts c
        where c.value = any ($1) and c.confirmed_at is not null and c.user_id = any ($2)`,
        [emails, winners],
      );
      expect(rows).toEqual([{ count: LINKS }]);
      for (const table of ['accounts.users', 'auth.sessions', 'auth.refresh_tokens']) {
        expect(await database.query(`select from ${table}`), table).toHaveLength(LINKS);
      }
    },
  );

  it(
    `and the confirmation of the same address by an account, ${OWNERS} times at once: one owner each`,
    { timeout: 120_000 },
    async () => {
      const owners: string[] = [];
      for (let round = 0; round < OWNERS; round += 1) {
        const email = newEmail();
        const rival = await register(service, { email });
        const signedIn = bearer(rival.tokens.accessToken);
        const [contact] = await database.query<{ id: string }>(
          'select id from accounts.user_contacts where user_id = $1 and value = $2',
          [rival.userId, email],
        );
        await service.accounts.startContactConfirmation({ contactId: contact?.id ?? '' }, signedIn);
        const confirmation = await latestLinkToken(database, email);
        const registration = await beginRegistration(service, database, email);
        const [linked, confirmed] = await whileLocked(database, 'accounts.user_contacts', 2, () =>
          Promise.all([
            outcomeOf(service.registration.finishRegistration(newForm(registration))),
            outcomeOf(
              other.accounts.finishContactConfirmation({ proof: { $case: 'token', value: confirmation } }, signedIn),
            ),
          ]),
        );
        owners.push(linked === 'OK' ? 'link' : 'account');
        expect([linked, confirmed]).toEqual(
          linked === 'OK'
            ? ['OK', 'ALREADY_EXISTS CONTACT_TAKEN']
            : ['ALREADY_EXISTS VERIFY_USER_ALREADY_VERIFIED', 'OK'],
        );
        const holders = await database.query(
          'select from accounts.user_contacts where value = $1 and is_active and confirmed_at is not null',
          [email],
        );
        expect(holders).toHaveLength(1);
      }
      console.log(`the link won ${owners.filter((owner) => owner === 'link').length} of ${OWNERS}`);
    },
  );

  it('is not used up by a call that finds the service busy; a bad one is refused all the same, unhashed', async () => {
    const busy = await startService({
      DATABASE_URL: database.serviceUrl,
      BCRYPT_COST: '13',
      HASH_CONCURRENCY: '1',
      HASH_QUEUE: '1',
    });
    try {
      const token = await beginRegistration(busy, database);
      const hashing = [busy.auth.register(newPerson()), busy.auth.register(newPerson())];
      const outcomes = hashing.map(outcomeOf);
      // The good one is refused once a hash is under way and another waits.
      await expect
        .poll(() => outcomeOf(busy.registration.finishRegistration(newForm(token, { displayName: 'Busy' }))), {
          timeout: 5000,
        })
        .toBe('RESOURCE_EXHAUSTED OVERLOADED');
      const bad = newForm('A'.repeat(64), { password: PASSWORD });
      expect((await refusalOf(busy.registration.finishRegistration(bad))).reason).toBe('VERIFY_USER_BAD_TOKEN');
      await Promise.all(outcomes);
      await busy.registration.finishRegistration(newForm(token));
    } finally {
      await busy.stop();
    }
  });
});
