import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountHolder } from '../../support/account-holders.ts';
import { latestCode } from '../../support/challenges.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { PASSWORD } from '../../support/people.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';

describe('A contact type that is a row', () => {
  let database: TestDatabase;
  let service: TestService;

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.query(
      `insert into accounts.contact_types (name, title, is_exclusive, needs_confirmation, channel, pattern)
       values ('telegram', 'Telegram', true, true, 'telegram', '^@[a-z0-9_]{5,32}$')`,
    );
    service = await startService({ DATABASE_URL: database.serviceUrl });
  });
  afterAll(async () => {
    await service?.stop();
    await database?.drop();
  });

  const login = (name: string) => outcomeOf(service.auth.login({ login: name, password: PASSWORD }));

  /** A confirmed Telegram name. */
  async function confirm(value: string, { as }: Awaited<ReturnType<typeof accountHolder>>) {
    const { contact } = await service.accounts.addContact({ type: 'telegram', value }, as);
    const contactId = contact?.contactId ?? '';
    const { handle, lifetime } = await service.accounts.startContactConfirmation({ contactId }, as);
    expect(lifetime?.seconds).toBe(300);
    const code = await latestCode(database, contact?.value ?? '');
    const proof = { $case: 'code' as const, value: { handle, code } };
    return (await service.accounts.finishContactConfirmation({ proof }, as)).contact;
  }

  it('is added, confirmed by a code through its channel, and logs in with the password', async () => {
    const holder = await accountHolder(service, database);
    expect(await confirm(' @Anna_B ', holder)).toMatchObject({
      type: 'telegram',
      value: '@anna_b',
      confirmed: true,
      primary: true,
    });
    const messages = await database.query('select channel, template from auth.messages where recipient = $1', [
      '@anna_b',
    ]);
    expect(messages).toEqual([{ channel: 'telegram', template: 'contact_confirmation' }]);
    expect(await login('@anna_b')).toBe('OK');
    expect(await login('@ANNA_B ')).toBe('OK');
    expect(await service.accounts.checkAvailability({ contactType: 'telegram', value: '@ANNA_B' })).toEqual({
      available: false,
      normalizedValue: '@anna_b',
    });
  });

  it('is exclusive as its row says: the next one replaces it', async () => {
    const holder = await accountHolder(service, database);
    await confirm('@before', holder);
    await confirm('@after_it', holder);
    expect(await login('@before')).toBe('UNAUTHENTICATED CREDENTIALS_INVALID');
    expect(await login('@after_it')).toBe('OK');
  });

  it('with its channel is a way in for somebody without a password', async () => {
    const holder = await accountHolder(service, database);
    await confirm('@the_last_one', holder);
    await database.query('update accounts.users set password_hash = null where id = $1', [holder.userId]);
    const { contacts } = await service.accounts.listContacts({}, holder.as);
    const outcomes = [];
    for (const { contactId, type } of contacts.toSorted((a, b) => (a.type < b.type ? -1 : 1))) {
      outcomes.push([type, await outcomeOf(service.accounts.deactivateContact({ contactId }, holder.as))]);
    }
    expect(Object.fromEntries(outcomes)).toEqual({
      email: 'OK',
      phone: 'OK',
      second_login: 'OK',
      telegram: 'FAILED_PRECONDITION CONTACT_LAST_LOGIN',
    });
  });

  it.each([
    '',
    '@',
    'anna_b',
    '@anna',
    '@anna b',
    '@anna_b\u0000',
    `@${'x'.repeat(33)}`,
    '+79991234567',
    'a@example.com',
  ])('has the form that its row says: %j has not', async (value) => {
    const holder = await accountHolder(service, database);
    const call = service.accounts.addContact({ type: 'telegram', value }, holder.as);
    expect(await refusalOf(call)).toMatchObject({ reason: 'INVALID_REQUEST', fields: ['value'] });
  });
});
