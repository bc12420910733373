import { createFieldCheck } from '../errors/field-check.ts';
import { readId } from '../fields/ids.ts';

/** The `contact_id` of a request. */
export function readContactId(contactId: string): string {
  const check = createFieldCheck();
  const id = readId(check, 'contact_id', contactId);
  check.throwIfAny();
  return id;
}
