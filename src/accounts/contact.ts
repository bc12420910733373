import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import type { CountryCode } from 'libphonenumber-js/max';
import { z } from 'zod';
import type { ContactType } from '../db/contact-functions.ts';

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
  /** Of the type with this name; null, too, where there is no such type. */
  readonly ofType: (type: string, text: string) => string | null;
  /** A contact of any type, for a login. */
  readonly any: (text: string) => TypedContact | null;
  /** One that messages can be sent to. */
  readonly reachable: (text: string) => ReachableContact | null;
  readonly types: readonly ContactType[];
};

/** What is wrong with a text that is none, in the words of a field violation. */
export const SECOND_LOGIN_FORM = 'must have 3 to 64 letters, digits, ".", "_" or "-", and must not be a phone number';
export const PHONE_FORM = 'must be a phone number';
export const EMAIL_FORM = 'must be an e-mail address of at most 320 characters';

export type TypedContact = { readonly type: string; readonly value: string };
export type ReachableContact = TypedContact & { readonly channel: string };

const SECOND_LOGIN = /^[\p{L}\p{N}._-]+$/u;
/** In code units; more than any accepted contact has, however it is spelt. */
const LONGEST_INPUT = 512;
const PHONE_CHARACTERS = /^[+\d\s().-]{5,32}$/;
const emailSyntax = z.email();

type Options = { readonly defaultRegion: string; readonly types: readonly ContactType[] };

export function createContacts({ defaultRegion, types }: Options): Contacts {
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

  const known = new Map([
    ['second_login', secondLogin],
    ['phone', (text: string) => phone(text.trim())],
    ['email', email],
  ]);
  const names = [...known.keys()];

  /** Of a type that is a row and nothing else: its pattern is all that is known of it. */
  function custom({ pattern }: ContactType): (text: string) => string | null {
    const form = pattern === null ? null : new RegExp(pattern, 'u');
    return (text) => {
      if (form === null || text.length > LONGEST_INPUT) return null;
      const normal = text.trim().normalize('NFKC').toLowerCase();
      // What is a contact of a known type can be nothing else, whatever the pattern says.
      return form.test(normal) && names.every((name) => known.get(name)?.(normal) === null) ? normal : null;
    };
  }

  const readers = new Map(types.map((type) => [type.name, known.get(type.name) ?? custom(type)]));
  const any = (text: string): TypedContact | null => {
    for (const [type, read] of readers) {
      const value = read(text);
      if (value !== null) return { type, value };
    }
    return null;
  };

  return {
    secondLogin,
    email,
    phone,
    ofType: (type, text) => readers.get(type)?.(text) ?? null,
    any,
    reachable(text) {
      const contact = any(text);
      const channel = types.find(({ name }) => name === contact?.type)?.channel;
      return contact && channel ? { ...contact, channel } : null;
    },
    types,
  };
}
