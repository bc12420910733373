import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import type { CountryCode } from 'libphonenumber-js/max';
import { z } from 'zod';

/**
 * Contacts in the one form that is stored and compared, or null for what is not a contact. The three syntaxes exclude each
 * other (an e-mail address has an @, a phone number is nothing but digits and its punctuation, a second login is neither), so
 * a text that somebody logs in with can only mean one of them.
 */
export type Contacts = {
  readonly secondLogin: (text: string) => string | null;
  readonly email: (text: string) => string | null;
  /** E.164 */
  readonly phone: (text: string) => string | null;
  /** A contact of any type, for a login. */
  readonly any: (text: string) => string | null;
};

const SECOND_LOGIN = /^[\p{L}\p{N}._-]+$/u;
/** In code units; more than any accepted contact has, however it is spelt. */
const LONGEST_INPUT = 512;
const PHONE_CHARACTERS = /^[+\d\s().-]{5,32}$/;
const emailSyntax = z.email();

export function createContacts({ defaultRegion }: { defaultRegion: string }): Contacts {
  function phone(text: string): string | null {
    if (!PHONE_CHARACTERS.test(text)) return null;
    const number = parsePhoneNumberFromString(text, { defaultCountry: defaultRegion as CountryCode, extract: false });
    // "Possible" looks at the length alone: number ranges open faster than any list of them is updated.
    return number?.isPossible() ? number.number : null;
  }

  function email(text: string): string | null {
    // One addr-spec without quotes and comments (RFC 5321, section 4.1.2, less its rarities).
    if (text.length > LONGEST_INPUT) return null;
    const lower = text.trim().toLowerCase();
    return lower.length <= 320 && emailSyntax.safeParse(lower).success ? lower : null;
  }

  function secondLogin(text: string): string | null {
    // Before normalising: that takes time that grows with the square of a run of combining marks.
    if (text.length > LONGEST_INPUT) return null;
    // NFKC and lower case, so that look-alikes of one name are one name.
    const normal = text.trim().normalize('NFKC').toLowerCase();
    const length = [...normal].length;
    return length >= 3 && length <= 64 && SECOND_LOGIN.test(normal) && phone(normal) === null ? normal : null;
  }

  return {
    secondLogin,
    email,
    phone,
    any: (text) => (text.includes('@') ? email(text) : (phone(text.trim()) ?? secondLogin(text))),
  };
}
