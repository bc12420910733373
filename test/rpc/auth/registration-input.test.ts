import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { FinishRegistrationRequest } from '../../../src/gen/auth/v1/registration_service.ts';
import { newPerson } from '../../support/people.ts';
import { refusalOf } from '../../support/refusal.ts';
import { beginRegistration, newEmail, newForm } from '../../support/registrations.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';

const HOSTILE = [
  '\u0000',
  'x\u0000y',
  'x\u0007yz',
  'ab\ufffdcd',
  '\ud800abc',
  'x'.repeat(100_000),
  "'; drop table\n users; --",
];

/** What each field of the form refuses beside those; second_login and phone may be left away. */
const REFUSED: Readonly<Record<string, { name: keyof FinishRegistrationRequest; values: readonly unknown[] }>> = {
  display_name: {
    name: 'displayName',
    values: [...HOSTILE, '', '  ', 'ab', ' ab ', 'Ae\u0301', 'x'.repeat(31), '\u{1f600}'.repeat(31), 'two\nlines'],
  },
  country: {
    name: 'country',
    values: [
      ...HOSTILE,
      '',
      'ru',
      'RUS',
      'R',
      '643',
      'ZZ',
      'AA',
      'XX',
      'QM',
      'EU',
      'UN',
      'UK',
      'SU',
      'DD',
      'XK',
      ' RU',
      'RU\n',
      'ЯЯ',
    ],
  },
  language: {
    name: 'language',
    values: [...HOSTILE, 'EN', 'eng', 'e', 'xx', 'zz', 'en-GB', 'en_GB', ' en', 'en\n', 'яя', '*'],
  },
  second_login: {
    name: 'secondLogin',
    values: [...HOSTILE, 'ab', 'a@b.example', '+79991234567', 'two words', 'x'.repeat(65)],
  },
  phone: { name: 'phone', values: [...HOSTILE, '12', 'phone', '+7999123456789012345', '++79991234567'] },
  password: {
    name: 'password',
    values: ['x\u0000yzabcdefg', 'password\ufffdwith', 'with\na line break', '\u0007'.repeat(12)],
  },
  interface: { name: 'interface', values: [...HOSTILE, '', 'Customer', 'moon'] },
  profile: {
    name: 'profile',
    values: [{ a: 'x\u0000' }, { a: '\ufffd' }, { a: 'x'.repeat(17 * 1024) }, { a: Number.NaN }],
  },
  'group_names[1]': { name: 'groupNames', values: [...HOSTILE, ''].map((name) => ['customer', name]) },
  group_names: { name: 'groupNames', values: [Array.from({ length: 17 }, () => 'customer')] },
  token: { name: 'token', values: [''] },
};

describe('What is typed into a registration', () => {
  let database: TestDatabase;
  let service: TestService;
  let token: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    service = await startService({ DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl') });
    token = await beginRegistration(service, database);
  });
  afterAll(async () => {
    await service?.stop();
    await database?.drop();
  });

  it.each(Object.entries(REFUSED))('is refused where %s cannot be that', async (field, { name, values }) => {
    for (const value of values) {
      const form = newForm(token, { [name]: value });
      expect(await refusalOf(service.registration.finishRegistration(form)), JSON.stringify(value)).toMatchObject({
        status: 'INVALID_ARGUMENT',
        reason: 'INVALID_REQUEST',
        fields: [field],
      });
    }
  });

  it('is told of all at once, before anybody looks at the token', async () => {
    const refusal = await refusalOf(
      service.registration.finishRegistration({ token: 'no token', secondLogin: '1', phone: '2', language: 'x' }),
    );
    expect(refusal.fields).toEqual(['country', 'display_name', 'interface', 'language', 'phone', 'second_login']);
  });

  it.each([
    ['none', ''],
    ['without a domain', 'ada'],
    ['two', 'ada@example.com, eve@example.com'],
    ['quoted', '"ada"@example.com'],
    ['with a comment', 'ada(eve)@example.com'],
    ['with a name', 'Ada <ada@example.com>'],
    ['with a header', 'ada@example.com\r\nBcc: eve@example.com'],
    ['with NUL', 'ada\u0000@example.com'],
    ['with a broken byte', 'ada\ufffd@example.com'],
    ['of 321 characters', `${'a'.repeat(321 - '@example.com'.length)}@example.com`],
    ['of a million characters', `${'a'.repeat(1_000_000)}@example.com`],
  ])('is refused as an address: %s; nothing is sent', async (_, email) => {
    const before = await database.query('select from auth.messages');
    expect(await refusalOf(service.registration.startRegistration({ email }))).toMatchObject({
      status: 'INVALID_ARGUMENT',
      reason: 'INVALID_REQUEST',
      fields: ['email'],
    });
    expect(await database.query('select from auth.messages')).toHaveLength(before.length);
  });

  it('is refused without a token, when a link is looked at', async () => {
    expect(await refusalOf(service.registration.checkRegistration({ token: '' }))).toMatchObject({
      reason: 'INVALID_REQUEST',
      fields: ['token'],
    });
  });

  it('may be a name of 3 or 30 characters of any script, of any country and language', async () => {
    for (const form of [
      { displayName: 'Ань', country: 'RU', language: 'ru' },
      { displayName: '\u{1f600}'.repeat(30), country: 'AQ', language: 'zu' },
      { displayName: "O'Brien <b>", country: 'SS', language: 'en' },
    ]) {
      const { userId } = await service.registration.finishRegistration(
        newForm(await beginRegistration(service, database), form),
      );
      const rows = await database.query('select display_name, country, language from accounts.users where id = $1', [
        userId,
      ]);
      expect(rows).toEqual([{ display_name: form.displayName, country: form.country, language: form.language }]);
    }
  });

  it('is what the configuration asks for: second_login and phone required, optional or not taken', async () => {
    const start = (wanted: string) =>
      startService({
        DATABASE_URL: database.serviceUrl,
        REGISTRATION_SECOND_LOGIN: wanted,
        REGISTRATION_PHONE: wanted,
      });
    const { secondLogin, phone } = newPerson();
    const both = { secondLogin, phone };
    for (const [wanted, refused, accepted] of [
      ['required', {}, both],
      ['off', both, {}],
    ] as const) {
      const strict = await start(wanted);
      try {
        const link = await beginRegistration(strict, database, newEmail());
        const refusal = await refusalOf(strict.registration.finishRegistration(newForm(link, refused)));
        expect(refusal, wanted).toMatchObject({ reason: 'INVALID_REQUEST', fields: ['phone', 'second_login'] });
        await strict.registration.finishRegistration(newForm(link, accepted));
      } finally {
        await strict.stop();
      }
    }
  });
});
