import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase } from '../../../support/test-database.ts';
import type { TestDatabase } from '../../../support/test-database.ts';
import { addContact, newContact } from '../challenge-scene.ts';
import { addUser, only } from '../scene.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await query(
    "insert into accounts.contact_types (name, title, is_exclusive, channel) values ('telegram', 'Telegram', true, 'telegram')",
  );
});
afterAll(() => database?.drop());

const query: TestDatabase['query'] = (text, values) => database.query(text, values);

const speaks = (userId: string, language: string) =>
  query('update accounts.users set language = $2 where id = $1', [userId, language]);

describe('auth.enqueue_message', () => {
  /** The one message to a new recipient. */
  async function enqueue(userId: string | null, language: string, isSuppressed?: boolean) {
    const recipient = newContact();
    await query(
      `select auth.enqueue_message('email', $1, 'code_login', $2, $3, null, now() + interval '1 hour'
         ${isSuppressed === undefined ? '' : `, ${isSuppressed}`})`,
      [recipient, language, userId],
    );
    return only(
      await query(
        `select channel, template, language, user_id, state, attempts, next_attempt_at <= now() as is_due
           from auth.messages where recipient = $1`,
        [recipient],
      ),
    );
  }

  it("writes in the person's own language, else in that of the request", async () => {
    const [russian, silent] = [await addUser(query), await addUser(query)];
    await speaks(russian, 'ru');
    expect(await enqueue(russian, 'en')).toMatchObject({ language: 'ru', user_id: russian });
    expect(await enqueue(silent, 'en')).toMatchObject({ language: 'en', user_id: silent });
    expect(await enqueue(silent, 'ru')).toMatchObject({ language: 'ru' });
    expect(await enqueue(null, 'ru')).toMatchObject({ language: 'ru', user_id: null });
  });

  it('leaves it to be sent at once, unless nobody is to get it', async () => {
    expect(await enqueue(null, 'en')).toMatchObject({ state: 'pending', attempts: 0, is_due: true });
    expect(await enqueue(null, 'en', false)).toMatchObject({ state: 'pending' });
    expect(await enqueue(null, 'en', true)).toMatchObject({ state: 'suppressed' });
  });
});

describe('auth.enqueue_notice', () => {
  async function notify(userId: string) {
    await query(`select auth.enqueue_notice($1, 'password_changed', 'en')`, [userId]);
    return await query(
      `select channel, recipient, template, language, challenge_id, state from auth.messages where user_id = $1`,
      [userId],
    );
  }

  it('writes to the primary e-mail address, in his own language, and nowhere else', async () => {
    const userId = await addUser(query);
    await speaks(userId, 'ru');
    await addContact(query, userId, { type: 'email' });
    const { value: recipient } = await addContact(query, userId, { type: 'email', isPrimary: true });
    await addContact(query, userId, { type: 'email', isConfirmed: false });
    await addContact(query, userId, { type: 'phone', isPrimary: true });
    await addContact(query, userId, { type: 'second_login', isPrimary: true });
    expect(await notify(userId)).toEqual([
      {
        channel: 'email',
        recipient,
        template: 'password_changed',
        language: 'ru',
        challenge_id: null,
        state: 'pending',
      },
    ]);
  });

  it('writes to the primary phone of somebody without a confirmed e-mail address', async () => {
    const userId = await addUser(query);
    await addContact(query, userId, { type: 'email', isConfirmed: false });
    await addContact(query, userId, { type: 'second_login', isPrimary: true });
    await addContact(query, userId, { type: 'telegram', isPrimary: true });
    await addContact(query, userId, { type: 'phone', isConfirmed: false });
    const { value: recipient } = await addContact(query, userId, { type: 'phone', isPrimary: true });
    expect(await notify(userId)).toMatchObject([{ channel: 'sms', recipient, template: 'password_changed' }]);
  });

  it('writes one of a kind while it waits, and 20 a day', async () => {
    const userId = await addUser(query);
    await addContact(query, userId, { type: 'email', isPrimary: true });
    expect(await notify(userId)).toHaveLength(1);
    expect(await notify(userId)).toHaveLength(1);
    for (let notice = 0; notice < 25; notice += 1) {
      await query("update auth.messages set state = 'dead' where user_id = $1", [userId]);
      await notify(userId);
    }
    expect(await query('select from auth.messages where user_id = $1', [userId])).toHaveLength(20);
  });

  it('writes to the primary contact of another type with a channel where there is nothing else', async () => {
    const userId = await addUser(query);
    await addContact(query, userId, { type: 'second_login', isPrimary: true });
    await addContact(query, userId, { type: 'phone', isConfirmed: false });
    const { value: recipient } = await addContact(query, userId, { type: 'telegram', isPrimary: true });
    expect(await notify(userId)).toMatchObject([{ channel: 'telegram', recipient }]);
  });

  it.each([
    ['no contact', []],
    ['a second_login', [{ type: 'second_login', isPrimary: true }]],
    ['a phone that he has not confirmed', [{ type: 'phone', isConfirmed: false }]],
    ['an e-mail address that he has not confirmed', [{ type: 'email', isConfirmed: false }]],
  ])('writes to nobody who has %s', async (_what, contacts) => {
    const userId = await addUser(query);
    for (const contact of contacts) await addContact(query, userId, contact);
    expect(await notify(userId)).toEqual([]);
  });
});
