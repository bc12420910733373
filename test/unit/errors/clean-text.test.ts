import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanText, isCleanJson } from '../../../src/errors/clean-text.ts';

const UNCLEAN = {
  NUL: 'a\u0000b',
  'a control character': 'a\u0007b',
  'a line break': 'a\nb',
  DEL: 'a\u007fb',
  'a C1 control character': 'a\u0085b',
  'U+FFFD': 'a\ufffdb',
  'the first half of a character': 'a\ud83d',
  'the second half of a character': '\ude00a',
};

describe('Clean text', () => {
  it.each(Object.entries(UNCLEAN))('has no %s', (_, text) => {
    expect(cleanText(text, 0, 100)).toBeNull();
  });

  it('has a length in characters, not in code units', () => {
    expect(cleanText('😀😀😀', 3, 3)).toBe('😀😀😀');
    expect(cleanText('😀😀', 3, 3)).toBeNull();
    expect(cleanText('😀😀😀😀', 3, 3)).toBeNull();
    expect(cleanText('', 0, 3)).toBe('');
    expect(cleanText('', 1, 3)).toBeNull();
  });

  it('is given back as it came, whatever the script', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), (text) => {
        const isClean = !/[\p{Cc}\ufffd]/u.test(text);
        expect(cleanText(text, 1, 1000)).toBe(isClean ? text : null);
      }),
    );
  });
});

describe('Clean JSON', () => {
  it('is what jsonb can hold, which keeps control characters but NUL', () => {
    for (const value of [{ a: 'line\nbreak \u0007' }, [], {}, { a: [null, true, -0.5, 'x', {}] }]) {
      expect(isCleanJson(value, 10)).toBe(true);
    }
    for (const text of ['a\u0000b', 'a\ufffd', '\ud83d', '\ude00']) {
      for (const value of [{ a: text }, { [text]: 1 }, { a: [{ b: [text] }] }])
        expect(isCleanJson(value, 10)).toBe(false);
    }
  });

  it('has no number that JSON cannot write', () => {
    for (const value of [Number.NaN, Infinity, -Infinity]) expect(isCleanJson({ a: [value] }, 10)).toBe(false);
    expect(isCleanJson({ a: Number.MAX_VALUE }, 10)).toBe(true);
  });

  it('is as deep as it may be, in objects and lists alike', () => {
    const deep = (levels: number, wrap: (inner: unknown) => unknown) =>
      Array.from({ length: levels }).reduce<unknown>((inner) => wrap(inner), 1);
    for (const wrap of [(inner: unknown) => ({ a: inner }), (inner: unknown) => [inner]]) {
      expect(isCleanJson(deep(5, wrap), 5)).toBe(true);
      expect(isCleanJson(deep(6, wrap), 5)).toBe(false);
    }
  });
});
