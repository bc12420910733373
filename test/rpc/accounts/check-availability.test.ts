import { randomUUID } from 'node:crypto';
import { Metadata } from 'nice-grpc';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { accountHolder } from '../../support/account-holders.ts';
import { confirmContacts } from '../../support/challenges.ts';
import { newPerson, register } from '../../support/people.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';

describe('CheckAvailability', () => {
  let database: TestDatabase;
  let service: TestService;

  beforeAll(async () => {
    database = await createTestDatabase();
    service = await startService({ DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl') });
    const { userId } = await register(service, {
      secondLogin: 'Taken.Name',
      phone: '+79110000003',
      email: 'Taken@Example.com',
    });
    await confirmContacts(database, userId);
  });
  afterAll(async () => {
    await service?.stop();
    await database?.drop();
  });

  it.each([
    ['second_login', ' Free.Name ', 'free.name'],
    ['phone', '8 (911) 000-00-04', '+79110000004'],
    ['phone', '+44 20 7946 0958', '+442079460958'],
    ['email', 'Free@Example.COM', 'free@example.com'],
  ])('a free %s is free, and shown as it would be stored', async (contactType, value, normalizedValue) => {
    expect(await service.accounts.checkAvailability({ contactType, value })).toEqual({
      available: true,
      normalizedValue,
    });
  });

  it.each([
    ['second_login', ['Taken.Name', 'taken.name', 'TAKEN.NAME', ' taken.name '], 'taken.name'],
    ['phone', ['+79110000003', '79110000003', '8 911 000-00-03', '+7 (911) 000 00 03', '9110000003'], '+79110000003'],
    ['email', ['Taken@Example.com', 'taken@example.com', ' TAKEN@EXAMPLE.COM'], 'taken@example.com'],
  ])('a taken %s is taken in every spelling', async (contactType, spellings, normalizedValue) => {
    for (const value of spellings) {
      const answer = await service.accounts.checkAvailability({ contactType, value });
      expect(answer, value).toEqual({ available: false, normalizedValue });
    }
  });

  it('says what Register then says', async () => {
    const person = newPerson({ email: `${randomUUID()}@example.com` });
    const contacts = [
      { contactType: 'second_login', value: person.secondLogin },
      { contactType: 'phone', value: person.phone },
      { contactType: 'email', value: person.email },
    ];
    for (const expected of [true, false]) {
      for (const contact of contacts) {
        expect((await service.accounts.checkAvailability(contact)).available).toBe(expected);
      }
      if (expected) await confirmContacts(database, (await service.auth.register(person)).userId);
    }
  });

  it('a contact that its owner gave up is free again', async () => {
    const { email, as } = await accountHolder(service, database);
    const isFree = async () =>
      (await service.accounts.checkAvailability({ contactType: 'email', value: email })).available;
    expect(await isFree()).toBe(false);
    const { contacts } = await service.accounts.listContacts({}, as);
    const contactId = contacts.find(({ value }) => value === email)?.contactId ?? '';
    await service.accounts.deactivateContact({ contactId }, as);
    expect(await isFree()).toBe(true);
  });

  it('a contact that nobody has confirmed is free; a second_login needs no confirmation', async () => {
    const { secondLogin, phone, email } = await register(service, { email: `${randomUUID()}@example.com` });
    const available = async (contactType: string, value: string) =>
      (await service.accounts.checkAvailability({ contactType, value })).available;
    expect(await available('phone', phone)).toBe(true);
    expect(await available('email', email)).toBe(true);
    expect(await available('second_login', secondLogin)).toBe(false);
  });

  it('the contact of a deactivated user stays taken', async () => {
    const { userId, phone } = await register(service);
    await confirmContacts(database, userId);
    await database.query('update accounts.users set is_active = false where id = $1', [userId]);
    const { available } = await service.accounts.checkAvailability({ contactType: 'phone', value: phone });
    expect(available).toBe(false);
  });

  it.each(['', 'telegram', 'Phone', 'second_login '])('refuses the contact type "%s"', async (contactType) => {
    const call = service.accounts.checkAvailability({ contactType, value: 'free.name' });
    expect(await refusalOf(call)).toMatchObject({
      status: 'INVALID_ARGUMENT',
      reason: 'INVALID_REQUEST',
      fields: ['contact_type'],
    });
  });

  it.each([
    ['second_login', ['', 'ab', 'a b c', 'x'.repeat(65), '+79110000003', 'taken@example.com', 'a\tb', 'a\u0000bc']],
    ['phone', ['', '12', 'taken.name', '+7 911', '++79110000003', '1'.repeat(33), '+79110000003\u0000']],
    ['email', ['', 'taken', '@example.com', 'a@b', 'a b@example.com', `${'x'.repeat(320)}@example.com`]],
  ])('refuses what is no %s', async (contactType, values) => {
    for (const value of values) {
      const call = service.accounts.checkAvailability({ contactType, value });
      expect(await refusalOf(call), JSON.stringify(value)).toMatchObject({
        status: 'INVALID_ARGUMENT',
        reason: 'INVALID_REQUEST',
        fields: ['value'],
      });
    }
  });

  it.each([
    ['counted together', () => ({ REDIS_URL: inject('redisUrl') })],
    ['alone', () => ({})],
  ])('answers 30 a minute and address, beside what all calls may be; %s', async (_how, settings) => {
    const limited = await startService({
      DATABASE_URL: database.serviceUrl,
      AVAILABILITY_CHECKS_PER_MINUTE: '30',
      ...settings(),
    });
    try {
      // Of a test of its own: Redis is shared.
      const address = `2001:db8:${randomUUID().slice(9, 13)}:${randomUUID().slice(0, 4)}::1`;
      const from = (text: string) => ({ metadata: Metadata({ 'x-forwarded-for': text }) });
      const check = (text: string) =>
        limited.accounts.checkAvailability({ contactType: 'second_login', value: 'free.name' }, from(text));
      const calls = await Promise.allSettled(Array.from({ length: 40 }, () => check(address)));
      expect(calls.filter(({ status }) => status === 'fulfilled')).toHaveLength(30);

      const refusal = await refusalOf(check(address));
      expect(refusal).toMatchObject({ status: 'RESOURCE_EXHAUSTED', reason: 'RATE_LIMITED' });
      expect(refusal.retryAfterSeconds).toBeGreaterThan(0);
      expect(refusal.retryAfterSeconds).toBeLessThanOrEqual(60);
      // Other calls from there, and other addresses, go on.
      await limited.keys.getJwks({}, from(address));
      await check('203.0.113.77');
    } finally {
      await limited.stop();
    }
  });

  it('is bounded by what all calls may be, too', async () => {
    const limited = await startService({
      DATABASE_URL: database.serviceUrl,
      PUBLIC_CALLS_PER_MINUTE: '5',
      AVAILABILITY_CHECKS_PER_MINUTE: '1000',
    });
    try {
      const options = { metadata: Metadata({ 'x-forwarded-for': '203.0.113.78' }) };
      const contact = { contactType: 'second_login', value: 'free.name' };
      for (let count = 0; count < 5; count += 1) await limited.accounts.checkAvailability(contact, options);
      expect(await refusalOf(limited.accounts.checkAvailability(contact, options))).toMatchObject({
        reason: 'RATE_LIMITED',
      });
    } finally {
      await limited.stop();
    }
  });
});
