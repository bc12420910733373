import { cleanText, isCleanJson } from '../errors/clean-text.ts';
import { isCountry } from './countries.ts';

type TextField = {
  /** As it is stored; null for what it cannot be. An empty text is none of its business. */
  readonly read: (text: string) => string | null;
  readonly must: string;
};

const LONGEST_NAME = 30;
const LONGEST_BIO = 500;
const LARGEST_DATA_BYTES = 16 * 1024;
const DEEPEST_DATA = 32;

const languages = new Intl.DisplayNames('en', { type: 'language', fallback: 'none' });

/** Trimmed and in one spelling. Longer by far than any that is accepted: not even normalised, which would be slow. */
function normal(text: string, longest: number): string | null {
  return text.length > longest * 8 ? null : text.trim().normalize('NFC');
}

function readName(text: string): string | null {
  const name = normal(text, LONGEST_NAME);
  return name === null ? null : cleanText(name, 3, LONGEST_NAME);
}

function readBio(text: string): string | null {
  const bio = normal(text, LONGEST_BIO)?.replaceAll('\r\n', '\n') ?? null;
  // It may have lines, and nothing else that is not seen.
  return bio !== null && cleanText(bio.replaceAll('\n', ' '), 0, LONGEST_BIO) !== null ? bio : null;
}

/** What people tell about themselves, field by field. */
export const profileTexts = {
  display_name: {
    read: readName,
    must: `must have 3 to ${LONGEST_NAME} characters, none of them a control character`,
  },
  bio: {
    read: readBio,
    must: `must have at most ${LONGEST_BIO} characters, none of them a control character but line feeds`,
  },
  country: {
    read: (text) => (isCountry(text) ? text : null),
    must: 'must be a country, as two capital letters (ISO 3166-1)',
  },
  language: {
    read: (text) => (/^[a-z]{2}$/.test(text) && languages.of(text) !== undefined ? text : null),
    must: 'must be a language, as two small letters (ISO 639-1)',
  },
} as const satisfies { readonly [field: string]: TextField };

/** What is wrong with the free JSON of a profile; null: nothing. */
export function profileDataProblem(data: object): string | null {
  if (!isCleanJson(data, DEEPEST_DATA)) {
    return `must be JSON at most ${DEEPEST_DATA} levels deep, without NUL characters and broken ones`;
  }
  return Buffer.byteLength(JSON.stringify(data)) > LARGEST_DATA_BYTES
    ? `must have at most ${LARGEST_DATA_BYTES} bytes as JSON`
    : null;
}
