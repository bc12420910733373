import { createFieldCheck } from '../errors/field-check.ts';
import { isUuid } from '../tokens/uuid.ts';

/** The `contact_id` of a request. */
export function readContactId(contactId: string): string {
  const check = createFieldCheck();
  if (!isUuid(contactId)) check.refuse('contact_id', 'must be a UUID');
  check.throwIfAny();
  return contactId;
}
