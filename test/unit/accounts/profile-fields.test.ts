import { describe, expect, it } from 'vitest';
import { isCountry } from '../../../src/accounts/countries.ts';
import { profileDataProblem, profileTexts } from '../../../src/accounts/profile-fields.ts';

describe('A country', () => {
  const letters = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ');

  it('is one of the 249 of ISO 3166-1', () => {
    const countries = letters.flatMap((first) => letters.map((second) => first + second)).filter(isCountry);
    expect(countries).toHaveLength(249);
    expect(countries).toEqual(expect.arrayContaining(['RU', 'KZ', 'BY', 'GB', 'US', 'AQ', 'CW', 'SS']));
  });

  it.each(['', 'ru', 'R', 'RUS', 'UK', 'SU', 'YU', 'EU', 'UN', 'XK', 'XA', 'ZZ', 'AA', 'R\u0000', '12', 'РУ'])(
    'is not "%s"',
    (code) => {
      expect(isCountry(code)).toBe(false);
    },
  );
});

describe('A display name', () => {
  const { read } = profileTexts.display_name;

  it.each([
    ['Ada', 'Ada'],
    ['  Ada Lovelace ', 'Ada Lovelace'],
    ['Cafe\u0301', 'Caf\u00e9'],
    ['名前です', '名前です'],
    ['😀'.repeat(30), '😀'.repeat(30)],
  ])('"%s" is stored as "%s"', (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  it.each(['ab', '  a  ', 'x'.repeat(31), 'x'.repeat(5000), 'a\nbc', 'a\u0000bc', 'ab\uFFFD', 'ab\uD800', '\u007fabc'])(
    'is not %j',
    (text) => {
      expect(read(text)).toBeNull();
    },
  );
});

describe('A bio', () => {
  const { read } = profileTexts.bio;

  it('may have lines', () => {
    expect(read('One.\r\nTwo.\n\nThree.')).toBe('One.\nTwo.\n\nThree.');
    expect(read('😀'.repeat(500))).toBe('😀'.repeat(500));
  });

  it.each(['x'.repeat(501), 'x'.repeat(100_000), 'a\u0000b', 'a\tb', 'a\rb', 'ab\uFFFD'])('is not %j', (text) => {
    expect(read(text)).toBeNull();
  });
});

describe('A language', () => {
  const { read } = profileTexts.language;

  it.each(['en', 'ru', 'kk'])('may be %s', (text) => {
    expect(read(text)).toBe(text);
  });

  it.each(['EN', 'e', 'eng', 'en-GB', 'xx', 'e\u0000', 'ру'])('is not "%s"', (text) => {
    expect(read(text)).toBeNull();
  });
});

describe('The free JSON of a profile', () => {
  it('has at most 16 KiB and 32 levels, and nothing that PostgreSQL cannot hold', () => {
    const nested = (levels: number): object => (levels === 0 ? {} : { a: nested(levels - 1) });
    expect(profileDataProblem({ theme: 'dark', sizes: [1, 2.5, null, true], text: 'a\nb' })).toBeNull();
    expect(profileDataProblem({ a: 'x'.repeat(16 * 1024 - 8) })).toBeNull();
    expect(profileDataProblem(nested(31))).toBeNull();
    for (const data of [
      { a: 'x'.repeat(16 * 1024 - 7) },
      nested(32),
      { a: 'x\u0000' },
      { 'a\u0000': 1 },
      { a: ['\uD800'] },
      { a: Number.NaN },
    ]) {
      expect(profileDataProblem(data)).not.toBeNull();
    }
  });
});
