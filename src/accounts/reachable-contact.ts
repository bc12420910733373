import { createFieldCheck } from '../errors/field-check.ts';
import type { Contacts, ReachableContact } from './contact.ts';

/**
 * Reads the field `contact`: one that messages can be sent to.
 * @throws INVALID_REQUEST
 */
export function readReachableContact(contacts: Pick<Contacts, 'reachable'>, text: string): ReachableContact {
  const check = createFieldCheck();
  const contact = check.accept('contact', contacts.reachable(text), 'must be an e-mail address or a phone number');
  check.throwIfAny();
  return contact;
}
