import { createFieldCheck } from '../errors/field-check.ts';
import type { Contacts, TypedContact } from './contact.ts';

/** The names of the fields in the request, for what is wrong with them. */
type Fields = { readonly type: string; readonly value: string };

/**
 * Reads a contact of a type that is named beside it.
 * @throws INVALID_REQUEST for a type that there is not, and for what is no contact of the type
 */
export function readTypedContact(contacts: Contacts, { type, value }: TypedContact, fields: Fields): TypedContact {
  const check = createFieldCheck();
  const types = contacts.types.map(({ name }) => name);
  if (!types.includes(type)) {
    check.refuse(fields.type, `must be one of: ${types.join(', ')}`);
    check.throwIfAny();
  }
  const normal = check.accept(fields.value, contacts.ofType(type, value), `must be a ${type}`);
  check.throwIfAny();
  return { type, value: normal };
}
