import { createFieldCheck } from '../errors/field-check.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The `contact_id` of a request. */
export function readContactId(contactId: string): string {
  const check = createFieldCheck();
  if (!UUID.test(contactId)) check.refuse('contact_id', 'must be a UUID');
  check.throwIfAny();
  return contactId;
}
