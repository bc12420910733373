import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase } from '../../../support/test-database.ts';
import type { TestDatabase } from '../../../support/test-database.ts';
import { RIGHT, addContact, connectChallenges, newChallenge, stateOf } from '../challenge-scene.ts';
import type { Challenges } from '../challenge-scene.ts';
import { addUser, only } from '../scene.ts';

let database: TestDatabase;
let challenges: Challenges;
beforeAll(async () => {
  database = await createTestDatabase();
  challenges = connectChallenges(database, 4);
});
afterAll(async () => {
  await challenges?.end();
  await database?.drop();
});

const query: TestDatabase['query'] = (text, values) => database.query(text, values);

const retire = async (contactId: string) =>
  only(await query<{ id: string | null }>('select id from accounts.retire_contact($1)', [contactId])).id;

/** An address of a user that was confirmed so long ago. */
async function addAddress(userId: string, confirmedAgo: string | null, isPrimary = false) {
  const contact = await addContact(query, userId, { type: 'email', isConfirmed: confirmedAgo !== null, isPrimary });
  await query('update accounts.user_contacts set confirmed_at = now() - $2::interval where id = $1', [
    contact.id,
    confirmedAgo,
  ]);
  return contact;
}

const primaries = async (userId: string) =>
  (
    await query<{ id: string }>('select id from accounts.user_contacts where user_id = $1 and is_primary order by id', [
      userId,
    ])
  ).map(({ id }) => id);

describe('accounts.retire_contact', () => {
  it('keeps the contact as history', async () => {
    const { id, value } = await addContact(query, await addUser(query), { isPrimary: true });
    expect(await retire(id)).toBe(id);
    expect(
      await query(
        `select value, is_active, is_primary, confirmed_at is not null as was_confirmed, deactivated_at is not null as has_end
           from accounts.user_contacts where id = $1`,
        [id],
      ),
    ).toEqual([{ value, is_active: false, is_primary: false, was_confirmed: true, has_end: true }]);
  });

  it('makes the longest confirmed one of its type the primary in its place', async () => {
    const userId = await addUser(query);
    const primary = await addAddress(userId, '1 day', true);
    await addAddress(userId, '2 days');
    const oldest = await addAddress(userId, '3 days');
    await addAddress(userId, null);
    const history = await addAddress(userId, '9 days');
    await retire(history.id);
    const phone = await addContact(query, userId, { type: 'phone', isPrimary: true });
    await retire(primary.id);
    expect(await primaries(userId)).toEqual([oldest.id, phone.id].sort());
  });

  it('leaves the primary as it is when another one goes', async () => {
    const userId = await addUser(query);
    const primary = await addAddress(userId, '1 day', true);
    await retire((await addAddress(userId, '2 days')).id);
    await retire((await addAddress(userId, null)).id);
    expect(await primaries(userId)).toEqual([primary.id]);
  });

  it('leaves nobody a primary whom nothing confirmed is left', async () => {
    const userId = await addUser(query);
    const primary = await addAddress(userId, '1 day', true);
    await addAddress(userId, null);
    await addAddress(await addUser(query), '5 days');
    await retire(primary.id);
    expect(await primaries(userId)).toEqual([]);
  });

  it('changes nothing of what is history, or is not there', async () => {
    const userId = await addUser(query);
    const { id } = await addAddress(userId, '2 days', true);
    const next = await addAddress(userId, '1 day');
    await retire(id);
    const before = await query('select * from accounts.user_contacts where user_id = $1 order by id', [userId]);
    expect(await retire(id)).toBeNull();
    expect(await retire(randomUUID())).toBeNull();
    expect(await query('select * from accounts.user_contacts where user_id = $1 order by id', [userId])).toEqual(
      before,
    );
    expect(await primaries(userId)).toEqual([next.id]);
  });

  it('ends the codes and links on their way to it, and no others', async () => {
    const userId = await addUser(query);
    const [gone, kept] = [await addContact(query, userId), await addContact(query, userId)];
    const claim = await addContact(query, userId, { type: 'email', isConfirmed: false });
    // Somebody else claims the same address.
    const strangerId = await addUser(query);
    const strangers = await addContact(query, strangerId, { type: 'email', value: claim.value, isConfirmed: false });
    const start = async (overrides: Parameters<typeof newChallenge>[0]) => {
      const challenge = newChallenge(overrides);
      await challenges.startChallenge(challenge);
      await query('delete from auth.message_quotas');
      return challenge;
    };
    const confirms = { purpose: 'contact_confirmation', method: 'link', contactType: 'email' } as const;
    const ended = [
      await start({ contact: gone.value }),
      await start({ contact: gone.value, purpose: 'password_reset' }),
      await start({ ...confirms, contact: claim.value, contactId: claim.id, userId }),
    ];
    const live = [
      await start({ contact: kept.value }),
      await start({ ...confirms, contact: claim.value, contactId: strangers.id, userId: strangerId }),
      await start({ contact: claim.value, purpose: 'registration', method: 'link', contactType: 'email' }),
    ];
    await retire(gone.id);
    await retire(claim.id);
    for (const { id } of ended) expect((await stateOf(query, id)).end_cause).toBe('cascade');
    for (const { id, purpose } of live) {
      const { outcome } = await challenges.redeemChallenge({ id, purpose, secretHash: RIGHT, userId: null });
      expect(outcome).toBe('accepted');
    }
  });
});
