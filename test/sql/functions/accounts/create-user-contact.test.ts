import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase } from '../../../support/test-database.ts';
import type { TestDatabase } from '../../../support/test-database.ts';
import { newContact } from '../challenge-scene.ts';
import { inParallel } from '../in-parallel.ts';
import { addUser, only } from '../scene.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

const query: TestDatabase['query'] = (text, values) => database.query(text, values);
const CREATE = 'select * from accounts.create_user_contact($1, $2, $3, $4)';

type Contact = { id: string; value: string; is_active: boolean; is_primary: boolean; confirmed_at: Date | null };
const create = async (userId: string, type: string, isConfirmed: boolean, value = newContact()) =>
  only(await query<Contact>(CREATE, [userId, type, value, isConfirmed]));

/** The active contacts of a user by value: `confirmed`, `primary` (which is confirmed, too) or `claimed`. */
async function contactsOf(userId: string): Promise<Record<string, string>> {
  const rows = await query<Contact>('select * from accounts.user_contacts where user_id = $1 and is_active', [userId]);
  const stateOf = ({ is_primary, confirmed_at }: Contact) =>
    is_primary ? 'primary' : confirmed_at === null ? 'claimed' : 'confirmed';
  return Object.fromEntries(rows.map((row) => [row.value, stateOf(row)]));
}

describe('accounts.create_user_contact', () => {
  it('confirms what needs no confirmation, and nothing else by itself', async () => {
    const userId = await addUser(query);
    const [login, phone, email] = [
      await create(userId, 'second_login', false),
      await create(userId, 'phone', false),
      await create(userId, 'email', false),
    ];
    expect(await contactsOf(userId)).toEqual({
      [login.value]: 'primary',
      [phone.value]: 'claimed',
      [email.value]: 'claimed',
    });
  });

  it('makes the first confirmed one of a type its primary, and leaves that to it', async () => {
    const userId = await addUser(query);
    const claimed = await create(userId, 'email', false);
    const first = await create(userId, 'email', true);
    const second = await create(userId, 'email', true);
    expect(await contactsOf(userId)).toEqual({
      [claimed.value]: 'claimed',
      [first.value]: 'primary',
      [second.value]: 'confirmed',
    });
  });

  it.each(['phone', 'second_login'])(
    'replaces an earlier %s by a confirmed one, and keeps it as history',
    async (type) => {
      const userId = await addUser(query);
      const earlier = await create(userId, type, true);
      const later = await create(userId, type, true);
      expect(await contactsOf(userId)).toEqual({ [later.value]: 'primary' });
      expect(
        await query('select is_active, confirmed_at from accounts.user_contacts where id = $1', [earlier.id]),
      ).toEqual([{ is_active: false, confirmed_at: earlier.confirmed_at }]);
    },
  );

  it('replaces nothing but other claims by a phone that is not confirmed', async () => {
    const userId = await addUser(query);
    const own = await create(userId, 'phone', true);
    await create(userId, 'phone', false);
    const claimed = await create(userId, 'phone', false);
    expect(await contactsOf(userId)).toEqual({ [own.value]: 'primary', [claimed.value]: 'claimed' });
    const confirmed = await create(userId, 'phone', true);
    expect(await contactsOf(userId)).toEqual({ [confirmed.value]: 'primary' });
  });

  it('leaves contacts of other types and of others alone', async () => {
    const [userId, other] = [await addUser(query), await addUser(query)];
    const [email, login, others] = [
      await create(userId, 'email', true),
      await create(userId, 'second_login', true),
      await create(other, 'phone', true),
    ];
    const phone = await create(userId, 'phone', true);
    expect(await contactsOf(userId)).toEqual({
      [email.value]: 'primary',
      [login.value]: 'primary',
      [phone.value]: 'primary',
    });
    expect(await contactsOf(other)).toEqual({ [others.value]: 'primary' });
  });

  it('refuses what somebody has confirmed, names the type and not the value, and takes what is only claimed', async () => {
    const value = newContact();
    await create(await addUser(query), 'email', false, value);
    await create(await addUser(query), 'email', false, value);
    await create(await addUser(query), 'email', true, value);
    const userId = await addUser(query);
    const error: unknown = await create(userId, 'email', true, value).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      message: 'REGISTER_USER_ALREADY_EXISTS',
      code: 'AU001',
      detail: '{"contact_type": "email"}',
    });
    // He may claim it still: it is in nobody's way.
    await create(userId, 'email', false, value);
  });

  it('refuses a value that the user has, whatever its type', async () => {
    const userId = await addUser(query);
    const { value } = await create(userId, 'email', false);
    await expect(create(userId, 'email', false, value)).rejects.toThrow('REGISTER_USER_ALREADY_EXISTS');
    await expect(create(userId, 'phone', true, value)).rejects.toThrow('REGISTER_USER_ALREADY_EXISTS');
  });

  it('lets a value be had again when it is history, by its owner and by others', async () => {
    const [userId, value] = [await addUser(query), newContact()];
    await create(userId, 'phone', true, value);
    await create(userId, 'phone', true);
    await create(userId, 'phone', true, value);
    await create(userId, 'phone', true);
    const { is_primary: isPrimary } = await create(await addUser(query), 'phone', true, value);
    expect(isPrimary).toBe(true);
  });

  it('gives a value to exactly one of 20 who confirm it at once', async () => {
    const users: string[] = [];
    for (let n = 0; n < 20; n += 1) users.push(await addUser(query));
    const value = newContact();
    const results = await inParallel(database.ownerUrl, 20, (client, n) =>
      client.query(CREATE, [users[n], n % 2 === 0 ? 'phone' : 'email', value, true]),
    );
    const refused = results.filter((result) => result instanceof pg.DatabaseError);
    expect(refused.map(({ message }) => message)).toEqual(Array<string>(19).fill('REGISTER_USER_ALREADY_EXISTS'));
  });

  it('knows no type that there is not', async () => {
    await expect(create(await addUser(query), 'pigeon', true)).rejects.toThrow('query returned no rows');
  });
});
