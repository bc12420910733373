import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { countriesIn, likelyCountry } from '../../../src/web/texts/countries.ts';
import { en } from '../../../src/web/texts/en.ts';
import { LANGUAGES, preferredLanguage } from '../../../src/web/texts/languages.ts';
import { textOfFailure, textsOf } from '../../../src/web/texts/texts.ts';
import type { Failure, Reason } from '../../../src/web/calls/failure.ts';
import { isCountry } from '../../../src/accounts/countries.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const WEB = path.join(ROOT, 'src/web');

/** Every text under its path, such as `login.title`. */
function pathsOf(texts: object, prefix = ''): [path: string, text: unknown][] {
  return Object.entries(texts).flatMap(([key, value]) =>
    typeof value === 'object' ? pathsOf(value, `${prefix}${key}.`) : [[`${prefix}${key}`, value] as [string, unknown]],
  );
}

/** The methods that the page calls, as it writes them: `calls.auth.login(`, and the session's Refresh. */
function calledMethods(): Set<string> {
  const files = readdirSync(WEB, { recursive: true, encoding: 'utf8' }).filter((name) => /\.tsx?$/.test(name));
  const text = files.map((name) => readFileSync(path.join(WEB, name), 'utf8')).join('\n');
  const names = [...text.matchAll(/\bcalls\.\w+\.(\w+)\(|\bauth\.(refresh)\(/g)].map(([, one, other]) => one ?? other!);
  return new Set(names.map((name) => `${name[0]!.toUpperCase()}${name.slice(1)}`));
}

/** The reasons that the comment of each method in the protos names; `TOKEN_...` stands for all of them. */
function reasonsByMethod(): Map<string, string[]> {
  const folder = path.join(ROOT, 'proto');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.proto'));
  const protos = files.map((name) => readFileSync(path.join(folder, name), 'utf8')).join('\n');
  const catalogue = [...protos.matchAll(/ERROR_REASON_(\w+) =/g)].map(([, name]) => name!);
  const methods = [...protos.matchAll(/((?:^ *\/\/.*\n)+) *rpc (\w+)\(/gm)];
  return new Map(
    methods.map(([, comment = '', name = '']) => {
      const reasons = /Reasons:([\s\S]*?)Retry:/.exec(comment)?.[1] ?? '';
      const named = [...reasons.matchAll(/\b[A-Z]+(?:_[A-Z]+)+\b|\b[A-Z]{8,}\b/g)].map(([word]) => word);
      const tokens = /\bTOKEN_\.\.\./.test(reasons) ? catalogue.filter((word) => word.startsWith('TOKEN_')) : [];
      return [name, [...named.filter((word) => catalogue.includes(word)), ...tokens]];
    }),
  );
}

describe('Texts', () => {
  it('are there in every language, and none is empty', () => {
    const keys = pathsOf(en).map(([key]) => key);
    expect(keys.length).toBeGreaterThan(200);
    for (const language of LANGUAGES) {
      const texts = pathsOf(textsOf(language));
      expect(texts.map(([key]) => key)).toEqual(keys);
      const empty = texts.filter(([key, text]) => text === '' && key !== 'support.states.UNSPECIFIED');
      expect(empty).toEqual([]);
    }
  });

  it('are translated: none but names is the same in both', () => {
    const english = new Map(pathsOf(textsOf('en')));
    const same = pathsOf(textsOf('ru')).filter(([key, text]) => typeof text === 'string' && english.get(key) === text);
    expect(same.map(([key]) => key)).toEqual(
      [...['languages.en', 'languages.ru', 'fields.email', 'support.states.UNSPECIFIED'], 'contacts.types.email'].sort(
        (one, other) => [...english.keys()].indexOf(one) - [...english.keys()].indexOf(other),
      ),
    );
  });

  it('wait in the same words before the page is there', () => {
    const document = readFileSync(path.join(WEB, 'index.html'), 'utf8');
    for (const language of LANGUAGES) expect(document).toContain(textsOf(language).wait);
  });

  it.each(LANGUAGES)('do not count what is not there, after a password was changed: %s', (language) => {
    const { changed } = textsOf(language).password;
    expect(changed(0)).not.toContain('0');
    expect(changed(1)).toContain('1');
  });

  it('name every reason that a call of the page can be refused with', () => {
    const called = calledMethods();
    const reasons = reasonsByMethod();
    expect(called.size).toBeGreaterThan(25);
    const missing = [...called].flatMap((method) =>
      (reasons.get(method) ?? [`no method ${method}`])
        .filter((reason) => !(reason in en.failures.reasons))
        .map((reason) => `${method}: ${reason}`),
    );
    expect(missing).toEqual([]);
  });

  it('name what the gateway refuses by itself, and what any call may be refused with', () => {
    const always: Reason[] = [
      ...(['ORIGIN_NOT_ALLOWED', 'REFRESH_TOKEN_MISSING', 'REFRESH_TOKEN_BOUND', 'DPOP_PROOF_INVALID'] as const),
      ...(['DPOP_NONCE_REQUIRED', 'MALFORMED_MESSAGE', 'RATE_LIMITED', 'DEPENDENCY_UNAVAILABLE', 'INTERNAL'] as const),
    ];
    expect(always.filter((reason) => !(reason in en.failures.reasons))).toEqual([]);
  });
});

describe('What a person is told of a failure', () => {
  const failure = (fields: Partial<Failure>): Failure => ({
    ...{ reason: null, message: 'In the words of the service.', fields: new Map() },
    ...{ isOutcomeUnknown: false, retryAfter: null, triesLeft: null, metadata: {} },
    ...fields,
  });

  it('is when to come back, in the forms of the language', () => {
    const at = (seconds: number) => failure({ reason: 'RATE_LIMITED', retryAfter: seconds });
    expect([1, 40, 120, 121].map((seconds) => textOfFailure(textsOf('en'), at(seconds)))).toEqual([
      'That was a bit too fast. Try again in 1 second.',
      'That was a bit too fast. Try again in 40 seconds.',
      'That was a bit too fast. Try again in 2 minutes.',
      'That was a bit too fast. Try again in 3 minutes.',
    ]);
    expect([1, 3, 25, 180].map((seconds) => textOfFailure(textsOf('ru'), at(seconds)))).toEqual([
      'Слишком часто. Попробуйте через 1 секунду.',
      'Слишком часто. Попробуйте через 3 секунды.',
      'Слишком часто. Попробуйте через 25 секунд.',
      'Слишком часто. Попробуйте через 3 минуты.',
    ]);
  });

  it('is how many tries are left', () => {
    const text = textOfFailure(textsOf('ru'), failure({ reason: 'CODE_INVALID', triesLeft: 4 }));
    expect(text).toBe('Это не тот код, который мы отправили. Осталось: 4 попытки.');
  });

  it('is the word of the service for a reason that the page does not know, and a text of its own for no answer', () => {
    const unknown = failure({ reason: 'MESSAGE_NOT_DEAD' });
    expect(textOfFailure(textsOf('ru'), unknown)).toBe('In the words of the service.');
    expect(textOfFailure(textsOf('en'), failure({}))).toBe(en.failures.unreachable);
  });

  it.each(LANGUAGES)('is not that nothing is lost, where it may have been done: %s', (language) => {
    const texts = textsOf(language);
    const text = textOfFailure(texts, failure({ isOutcomeUnknown: true }));
    expect(text).toBe(texts.failures.outcomeUnknown);
    expect(text).not.toBe(texts.failures.unreachable);
  });
});

it('The language is the first of the browser that there is', () => {
  expect(preferredLanguage(['de-DE', 'ru-RU', 'en'])).toBe('ru');
  expect(preferredLanguage(['RU'])).toBe('ru');
  expect(preferredLanguage(['de', 'fr'])).toBe('en');
  expect(preferredLanguage([])).toBe('en');
});

it('The countries are those that the service takes, each with a name', () => {
  for (const language of LANGUAGES) {
    const countries = countriesIn(language);
    expect(countries).toHaveLength(249);
    expect(countries.filter(([code, name]) => !isCountry(code) || name === '')).toEqual([]);
  }
  expect(likelyCountry(['ru', 'en-GB'])).toBe('GB');
  expect(likelyCountry(['ru'])).toBe('RU');
  expect(likelyCountry([])).toBe('US');
});
