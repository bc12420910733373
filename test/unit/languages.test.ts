import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LANGUAGES, preferredLanguage } from '../../src/languages.ts';

describe('The language of a message', () => {
  it.each([
    ['ru', 'ru'],
    ['RU', 'ru'],
    ['ru-RU', 'ru'],
    ['ru-RU,ru;q=0.9,en-US;q=0.8,en;q=0.7', 'ru'],
    ['en-US,en;q=0.9,ru;q=0.8', 'en'],
    ['en;q=0.4, ru;q=0.5', 'ru'],
    ['ru;q=0.4, en;q=0.5', 'en'],
    ['en, ru', 'en'],
    ['ru, en', 'ru'],
    ['de-DE, de;q=0.9, ru;q=0.3', 'ru'],
    ['de, fr;q=0.9, *;q=0.1, ru;q=0.5', 'ru'],
    ['ru;q=0, en', 'en'],
    ['en;q=0, ru;q=0.001', 'ru'],
    ['  ru  ', 'ru'],
    ['ru,,,', 'ru'],
  ])('that "%s" asks for is %s', (header, language) => {
    for (const fallback of LANGUAGES) expect(preferredLanguage(header, fallback)).toBe(language);
  });

  it.each([
    ['nothing', undefined],
    ['an empty header', ''],
    ['a language that there is not', 'de'],
    ['several that there are not', 'de-DE, fr;q=0.9, zh-Hant-TW'],
    ['none at all', 'ru;q=0, en;q=0'],
    ['no language', ';;;==,,q=1'],
    ['what is longer than a word of it', 'russian'],
    ['a text that is no header', "' or 1=1 --"],
    ['the names of properties', '__proto__, constructor, toString;q=1'],
    ['more than 1000 characters', `ru${',de'.repeat(333)}`],
    ['a megabyte', 'ru,'.repeat(350_000)],
  ])('where %s is asked for is the fallback', (_what, header) => {
    for (const fallback of LANGUAGES) expect(preferredLanguage(header, fallback)).toBe(fallback);
  });

  it('where any is asked for is the fallback', () => {
    for (const fallback of LANGUAGES) {
      expect(preferredLanguage('*', fallback)).toBe(fallback);
      expect(preferredLanguage('de, *;q=0.5', fallback)).toBe(fallback);
    }
    expect(preferredLanguage('ru;q=0, *', 'ru')).toBe('en');
  });

  it('is read from a header of 1000 characters', () => {
    const header = `ru${' '.repeat(998)}`;
    expect(header).toHaveLength(1000);
    expect(preferredLanguage(header, 'en')).toBe('ru');
    expect(preferredLanguage(`${header} `, 'en')).toBe('en');
  });

  it('is always one of ours, whatever the header is', () => {
    const tags = fc.stringMatching(/^[A-Za-z*]{1,8}(-[A-Za-z0-9]{1,8}){0,2}(;q=[0-9.]{1,5})?$/);
    const headers = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 1100 }),
      fc.string({ unit: fc.constantFrom(...Array.from('ruen-;q=0.1,* \t\u0000')), maxLength: 1000 }),
      fc.array(tags, { maxLength: 60 }).map((all) => all.join(', ')),
    );
    fc.assert(
      fc.property(headers, fc.constantFrom(...LANGUAGES), (header, fallback) => {
        expect(LANGUAGES).toContain(preferredLanguage(header, fallback));
      }),
      { numRuns: 3000 },
    );
  });
});
