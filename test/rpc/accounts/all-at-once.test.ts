import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountHolder, newEmail } from '../../support/account-holders.ts';
import { putChallenge } from '../../support/challenges.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { PASSWORD, newPerson } from '../../support/people.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';

describe('Everything that changes an account, at the same moment', () => {
  let database: TestDatabase;
  let service: TestService;

  beforeAll(async () => {
    database = await createTestDatabase();
    service = await startService({ DATABASE_URL: database.serviceUrl });
  });
  afterAll(async () => {
    await service?.stop();
    await database?.drop();
  });

  type Holder = Awaited<ReturnType<typeof accountHolder>>;

  /** What confirms a contact that the holder has just added. */
  async function proofOf(contactType: 'email' | 'phone', contact: string, { as, userId }: Holder) {
    const added = await service.accounts.addContact({ type: contactType, value: contact }, as);
    const contactId = added.contact?.contactId ?? '';
    const method = contactType === 'email' ? 'link' : 'code';
    const of = { contactType, contact, contactId, userId };
    const { token, handle, code } = await putChallenge(database, { ...of, purpose: 'contact_confirmation', method });
    return method === 'link'
      ? { $case: 'token' as const, value: token }
      : { $case: 'code' as const, value: { handle, code } };
  }

  async function everythingAtOnce(holder: Holder, ...others: (() => Promise<unknown>)[]): Promise<string[]> {
    const { accounts, auth } = service;
    const { as } = holder;
    const [email, { phone }] = [newEmail(), newPerson()];
    const proofs = [await proofOf('email', email, holder), await proofOf('phone', phone, holder)];
    const { contacts } = await accounts.listContacts({}, as);
    const calls = [
      ...proofs.map((proof) => () => accounts.finishContactConfirmation({ proof }, as)),
      ...contacts.flatMap(({ contactId }) => [
        () => accounts.deactivateContact({ contactId }, as),
        () => accounts.setPrimaryContact({ contactId }, as),
        () => accounts.startContactConfirmation({ contactId }, as),
      ]),
      ...[1, 2].map(
        () => () => accounts.addContact({ type: 'second_login', value: `n-${randomUUID().slice(0, 8)}` }, as),
      ),
      () => accounts.addContact({ type: 'phone', value: newPerson().phone }, as),
      () => accounts.updateProfile({ profile: { bio: 'a' }, updateMask: ['bio'] }, as),
      () => accounts.updateProfile({ profile: { displayName: 'Ada' }, updateMask: ['display_name'] }, as),
      () => auth.login({ login: holder.secondLogin, password: PASSWORD }),
      () => accounts.listContacts({ includeHistory: true }, as),
      ...others,
    ];
    // In another order every time.
    const shuffled = calls.map((call) => ({ call, at: Math.random() })).sort((a, b) => a.at - b.at);
    return await Promise.all(shuffled.map(({ call }) => outcomeOf(call())));
  }

  it('never deadlocks, and leaves a way in and one primary contact a type, 12 times', async () => {
    const outcomes: string[] = [];
    for (let round = 0; round < 12; round += 1) {
      const holder = await accountHolder(service, database);
      outcomes.push(...(await everythingAtOnce(holder)));
      const wrong = await database.query(
        `select c.type
           from accounts.user_contacts c where c.user_id = $1 and c.is_active and c.confirmed_at is not null
          group by c.type having count(*) filter (where c.is_primary) <> 1`,
        [holder.userId],
      );
      expect(wrong).toEqual([]);
      const waysIn = await database.query(
        'select from accounts.user_contacts where user_id = $1 and is_active and confirmed_at is not null',
        [holder.userId],
      );
      expect(waysIn.length).toBeGreaterThanOrEqual(1);
    }
    expect(outcomes).toContain('OK');
    expect(outcomes.filter((outcome) => /^(UNAVAILABLE|INTERNAL|UNKNOWN)/.test(outcome))).toEqual([]);
  });

  it('and closes it: nothing is changed behind that, 6 times', async () => {
    const outcomes: string[] = [];
    for (let round = 0; round < 6; round += 1) {
      const holder = await accountHolder(service, database);
      outcomes.push(...(await everythingAtOnce(holder, () => service.accounts.deactivateAccount({}, holder.as))));
      const later = await database.query(
        `select e.type from auth.outbox_events e
          where e.user_id = $1 and e.type ~ '^(contact|profile)[.]'
            and e.id > (select c.id from auth.outbox_events c where c.user_id = $1 and c.type = 'account.deactivated')`,
        [holder.userId],
      );
      expect(later).toEqual([]);
      const alive = await database.query('select from auth.sessions where user_id = $1 and ended_at is null', [
        holder.userId,
      ]);
      expect(alive).toEqual([]);
    }
    expect(outcomes.filter((outcome) => /^(UNAVAILABLE|INTERNAL|UNKNOWN)/.test(outcome))).toEqual([]);
  });
});
