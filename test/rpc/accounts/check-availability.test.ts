import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
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
    await register(service, { secondLogin: 'Taken.Name', phone: '+79110000003', email: 'Taken@Example.com' });
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
      if (expected) await service.auth.register(person);
    }
  });

  it('a contact that its owner gave up is free again', async () => {
    const { secondLogin } = await register(service);
    await database.query(
      'update accounts.user_contacts set is_active = false, deactivated_at = now() where value = $1',
      [secondLogin],
    );
    const { available } = await service.accounts.checkAvailability({ contactType: 'second_login', value: secondLogin });
    expect(available).toBe(true);
  });

  it('the contact of a deactivated user stays taken', async () => {
    const { userId, phone } = await register(service);
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
});
