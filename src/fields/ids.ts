import type { FieldCheck } from '../errors/field-check.ts';
import { isUuid } from '../tokens/uuid.ts';

/** In the spelling that ids are stored in. Notes what is no UUID; the result may be used after `throwIfAny`. */
export function readId(check: FieldCheck, field: string, text: string): string {
  return check.accept(field, isUuid(text) ? text.toLowerCase() : null, 'must be a UUID');
}

/** The same, where the field may be left out; null: it is. */
export function readOptionalId(check: FieldCheck, field: string, text: string): string | null {
  if (text === '') return null;
  return check.accept(field, isUuid(text) ? text.toLowerCase() : null, 'must be a UUID, or left out');
}
