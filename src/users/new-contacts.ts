import type { Contacts, TypedContact } from '../accounts/contact.ts';
import { formOf } from '../accounts/typed-contact.ts';
import type { FieldCheck } from '../errors/field-check.ts';

const MOST_CONTACTS = 20;

/** Reads the contacts of somebody who is taken in. Notes what is wrong; the result may be used after `throwIfAny`. */
export function readNewContacts(
  check: FieldCheck,
  contacts: Pick<Contacts, 'types' | 'ofType'>,
  given: readonly TypedContact[],
): readonly TypedContact[] {
  if (given.length === 0 || given.length > MOST_CONTACTS) {
    check.refuse('contacts', `must be 1 to ${MOST_CONTACTS}`);
    return [];
  }
  const seenTypes = new Set<string>();
  const seenValues = new Set<string>();
  return given.map(({ type, value }, index) => {
    const field = `contacts[${index}]`;
    const known = contacts.types.find(({ name }) => name === type);
    if (!known) {
      check.refuse(`${field}.type`, `must be one of: ${contacts.types.map(({ name }) => name).join(', ')}`);
      return { type, value };
    }
    if (known.isExclusive && seenTypes.has(type)) check.refuse(`${field}.type`, 'there can be one of this type only');
    seenTypes.add(type);
    const normal = contacts.ofType(type, value);
    if (normal !== null && seenValues.has(normal)) check.refuse(`${field}.value`, 'is there twice');
    if (normal !== null) seenValues.add(normal);
    return { type, value: check.accept(`${field}.value`, normal, formOf(type)) };
  });
}
