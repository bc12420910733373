import { cleanText } from '../errors/clean-text.ts';
import type { FieldCheck } from '../errors/field-check.ts';
import { isUuid } from '../tokens/uuid.ts';

const LONGEST_NAME = 100;
const LONGEST_ROLE = 63;
/** Would begin another line wherever the name is shown. */
const SEPARATORS = /[\p{Zl}\p{Zp}]/u;

const UUID_FORM = 'must be a UUID';
export const ROLE_FORM = `must be 1 to ${LONGEST_ROLE} characters without control characters`;

/** Notes what is no UUID; the result may be used after `throwIfAny`. */
export function readId(check: FieldCheck, field: string, text: string): string {
  return check.accept(field, isUuid(text) ? text.toLowerCase() : null, UUID_FORM);
}

/** Trimmed and in one spelling, as names of people are. */
export function readOrganisationName(check: FieldCheck, text: string): string {
  // Longer by far than any that is accepted: not even normalised, which would be slow.
  const normal = text.length > LONGEST_NAME * 8 ? null : text.trim().normalize('NFC');
  const name = normal === null || SEPARATORS.test(normal) ? null : cleanText(normal, 1, LONGEST_NAME);
  return check.accept('name', name, `must have 1 to ${LONGEST_NAME} characters, none of them a control character`);
}

/** null for what cannot be the name of a role. Whether there is one is no matter of form. */
export const readRole = (text: string): string | null => cleanText(text, 1, LONGEST_ROLE);
