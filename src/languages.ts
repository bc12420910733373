import Negotiator from 'negotiator';

/** The languages that messages are written in (ISO 639-1). */
export const LANGUAGES = ['en', 'ru'] as const;
export type Language = (typeof LANGUAGES)[number];

/** The language that an `accept-language` header (RFC 9110, section 12.5.4) asks for first, of those that there are. */
export function preferredLanguage(acceptLanguage: string | undefined, fallback: Language): Language {
  if (acceptLanguage === undefined || acceptLanguage.length > LONGEST_HEADER) return fallback;
  const negotiator = new Negotiator({ headers: { 'accept-language': acceptLanguage } });
  // `*` takes the first.
  return (negotiator.language([fallback, ...LANGUAGES]) as Language | undefined) ?? fallback;
}

const LONGEST_HEADER = 1000;
