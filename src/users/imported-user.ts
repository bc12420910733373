import type { Contacts, TypedContact } from '../accounts/contact.ts';
import { readProfile } from '../accounts/profile-changes.ts';
import type { ProfileValues } from '../accounts/profile-changes.ts';
import type { NewAccount } from '../db/user-functions.ts';
import { AppError } from '../errors/app-error.ts';
import { cleanText } from '../errors/clean-text.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import { readRoleNames } from '../fields/role-name.ts';
import { FOREIGN_HASH_FORM, readForeignHash } from '../passwords/foreign-hash.ts';
import { readNewContacts } from './new-contacts.ts';

/** Somebody of another system. */
export type ImportedUserInput = {
  readonly contacts: readonly TypedContact[];
  /** null: nothing is told. */
  readonly profile: ProfileValues | null;
  readonly roles: readonly string[];
  /** Empty: none. */
  readonly passwordHash: string;
};

/** What a contact is stored as at the longest, in characters. */
const LONGEST_CONTACT = 320;
const CONTACT_FORM = `must have at most ${LONGEST_CONTACT} characters, none of them a control character`;

/** The user as he is stored, or the first thing that is wrong with him, for people: `password_hash: must be ...`. */
export function readImportedUser(
  contacts: Pick<Contacts, 'types' | 'ofType'>,
  input: ImportedUserInput,
): NewAccount | string {
  const check = createFieldCheck();
  const ways = readNewContacts(check, contacts, input.contacts);
  // A type that is a row of the deployment may have a pattern that takes more than the table.
  for (const [index, way] of ways.entries()) check.accept(`contacts[${index}].value`, storable(way), CONTACT_FORM);
  const profile = input.profile ? readProfile(check, input.profile) : {};
  const roles = readRoleNames(check, 'roles', input.roles, 0);
  const passwordHash =
    input.passwordHash === ''
      ? null
      : check.accept('password_hash', readForeignHash(input.passwordHash), FOREIGN_HASH_FORM);
  try {
    check.throwIfAny();
  } catch (error) {
    const [first] = error instanceof AppError ? (error.details.violations ?? []) : [];
    if (!first) throw error;
    return `${first.field}: ${first.description}`;
  }
  return { contacts: ways, profile, roles, passwordHash };
}

/** What was no contact has been refused already, and has no value. */
const storable = ({ value }: { readonly value: string | null }) => cleanText(value ?? '-', 1, LONGEST_CONTACT);
