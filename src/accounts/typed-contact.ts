import { createFieldCheck } from '../errors/field-check.ts';
import { EMAIL_FORM, PHONE_FORM, SECOND_LOGIN_FORM } from './contact.ts';
import type { Contacts, TypedContact } from './contact.ts';

const FORMS: { readonly [type: string]: string | undefined } = {
  second_login: SECOND_LOGIN_FORM,
  phone: PHONE_FORM,
  email: EMAIL_FORM,
};
/** What is wrong with a text that is no contact of the type. */
export const formOf = (type: string) => FORMS[type] ?? `must have the form of a ${type}`;

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
  const normal = check.accept(fields.value, contacts.ofType(type, value), formOf(type));
  check.throwIfAny();
  return { type, value: normal };
}
