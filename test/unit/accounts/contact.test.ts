import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createContacts } from '../../../src/accounts/contact.ts';
import type { ContactType } from '../../../src/db/contact-functions.ts';

const type = (name: string, channel: string | null, pattern: string | null = null): ContactType => ({
  name,
  isExclusive: name !== 'email',
  needsConfirmation: channel !== null,
  channel,
  pattern,
});
const TYPES = [type('email', 'email'), type('phone', 'sms'), type('second_login', null)];
const TELEGRAM = type('telegram', 'telegram', '^@[a-z0-9_]{5,32}$');

const contacts = createContacts({ defaultRegion: 'RU', types: TYPES });

describe('A phone number', () => {
  it.each([
    '+79991234567',
    '79991234567',
    '89991234567',
    '9991234567',
    '8 999 123-45-67',
    '8 (999) 123 45 67',
    '+7 (999) 123-45-67',
    '+7.999.123.45.67',
    '8\u00a0999\u00a0123\u00a045\u00a067',
  ])('%s is +79991234567', (text) => {
    expect(contacts.phone(text)).toBe('+79991234567');
  });

  it.each([
    ['+44 20 7946 0958', '+442079460958'],
    ['+1 (212) 555-0123', '+12125550123'],
    ['+380 44 123 45 67', '+380441234567'],
  ])('of another country: %s is %s', (text, expected) => {
    expect(contacts.phone(text)).toBe(expected);
  });

  it('without a country code is one of the region that is set', () => {
    expect(createContacts({ defaultRegion: 'GB', types: TYPES }).phone('020 7946 0958')).toBe('+442079460958');
    expect(createContacts({ defaultRegion: 'US', types: TYPES }).phone('(212) 555-0123')).toBe('+12125550123');
  });

  it.each([
    '',
    '12',
    '+7 999',
    '+7999123456789',
    '++79991234567',
    'phone',
    '+7 999 123 45 6x',
    '8 999 123-45-67 ext. 5',
  ])('is not "%s"', (text) => {
    expect(contacts.phone(text)).toBeNull();
  });
});

describe('An e-mail address', () => {
  it('is compared without case and without the spaces around it', () => {
    expect(contacts.email(' Anna@Example.COM ')).toBe('anna@example.com');
  });

  it.each(['a@b', 'anna', '@example.com', 'anna@', 'an na@example.com', 'anna@example..com', 'a@b@example.com', ''])(
    'is not "%s"',
    (text) => {
      expect(contacts.email(text)).toBeNull();
    },
  );

  it('has at most 320 characters', () => {
    const domain = `@${`${'d'.repeat(60)}.`.repeat(4)}com`;
    const longest = `${'x'.repeat(320 - domain.length)}${domain}`;
    expect(contacts.email(longest)).toBe(longest);
    expect(contacts.email(`x${longest}`)).toBeNull();
  });
});

describe('A second login', () => {
  it.each([
    ['Anna_1', 'anna_1'],
    [' anna.b-c ', 'anna.b-c'],
    ['АННА', 'анна'],
    ['名前です', '名前です'],
    ['ｆｕｌｌｗｉｄｔｈ', 'fullwidth'],
    ['ﬁnn', 'finn'],
    ['2b1', '2b1'],
  ])('%s is %s', (text, expected) => {
    expect(contacts.secondLogin(text)).toBe(expected);
  });

  it.each(['', 'ab', ' a ', 'a b c', 'a@example.com', '+79991234567', '89991234567', 'a/b/c', 'a\u200bbc', '😀😀😀'])(
    'is not "%s"',
    (text) => {
      expect(contacts.secondLogin(text)).toBeNull();
    },
  );

  it('has 3 to 64 characters', () => {
    expect(contacts.secondLogin('abc')).toBe('abc');
    expect(contacts.secondLogin('𝒳'.repeat(64))).toBe('x'.repeat(64));
    expect(contacts.secondLogin('x'.repeat(65))).toBeNull();
  });
});

describe('Any contact', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 70 }),
    fc.string({ unit: fc.constantFrom(...Array.from('+789 ()-._@a.')), maxLength: 30 }),
    fc.emailAddress(),
    fc.integer({ min: 79_000_000_000, max: 79_999_999_999 }).map(String),
  );

  it('means one thing only: the syntaxes exclude each other', () => {
    fc.assert(
      fc.property(text, (value) => {
        const meanings = [contacts.secondLogin(value), contacts.email(value), contacts.phone(value)];
        expect(meanings.filter((meaning) => meaning !== null).length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 2000 },
    );
  });

  it('is in its final form once it has been normalised: it is found as it was stored', () => {
    const readers = [
      ['second_login', contacts.secondLogin],
      ['email', contacts.email],
      ['phone', contacts.phone],
    ] as const;
    fc.assert(
      fc.property(text, (value) => {
        for (const [name, read] of readers) {
          const stored = read(value);
          if (stored === null) continue;
          expect(read(stored)).toBe(stored);
          expect(contacts.ofType(name, stored)).toBe(stored);
          expect(contacts.any(value)).toEqual({ type: name, value: stored });
          expect(contacts.any(stored)).toEqual({ type: name, value: stored });
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('can be sent to when its type has a channel', () => {
    expect(contacts.reachable('Anna@Example.com')).toEqual({
      type: 'email',
      value: 'anna@example.com',
      channel: 'email',
    });
    expect(contacts.reachable('8 999 123-45-67')).toEqual({ type: 'phone', value: '+79991234567', channel: 'sms' });
    expect(contacts.reachable('anna')).toBeNull();
    expect(contacts.reachable('no contact at all')).toBeNull();
  });

  it('is of no type that the deployment does not have', () => {
    const withoutPhones = createContacts({ defaultRegion: 'RU', types: [type('email', 'email')] });
    expect(withoutPhones.any('+79991234567')).toBeNull();
    expect(withoutPhones.ofType('phone', '+79991234567')).toBeNull();
    expect(withoutPhones.any('anna@example.com')).not.toBeNull();
  });
});

describe('A contact of a type that is a row', () => {
  const extended = createContacts({ defaultRegion: 'RU', types: [...TYPES, TELEGRAM] });

  it.each([
    ['@anna_b', '@anna_b'],
    [' @Anna_B ', '@anna_b'],
    ['＠ａｎｎａ＿ｂ', '@anna_b'],
  ])('"%s" is %s', (value, expected) => {
    expect(extended.ofType('telegram', value)).toBe(expected);
    expect(extended.any(value)).toEqual({ type: 'telegram', value: expected });
    expect(extended.reachable(value)).toEqual({ type: 'telegram', value: expected, channel: 'telegram' });
  });

  it.each(['', '@', 'anna_b', '@anna', '@anna b', '@anna_b\u0000', `@${'x'.repeat(33)}`, `@${'x'.repeat(600)}`])(
    'is not "%s"',
    (value) => {
      expect(extended.ofType('telegram', value)).toBeNull();
    },
  );

  it('takes nothing from the known types, whatever its pattern says', () => {
    const greedy = createContacts({ defaultRegion: 'RU', types: [type('anything', 'webhook', '.'), ...TYPES] });
    for (const value of ['+79991234567', 'anna@example.com', 'anna']) {
      expect(greedy.ofType('anything', value)).toBeNull();
      expect(greedy.any(value)?.type).not.toBe('anything');
    }
    expect(greedy.ofType('anything', 'two words')).toBe('two words');
  });

  it('is never one without a pattern', () => {
    const formless = createContacts({ defaultRegion: 'RU', types: [...TYPES, type('pigeon', 'webhook')] });
    expect(formless.ofType('pigeon', 'anything at all')).toBeNull();
  });
});
