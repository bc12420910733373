import { cleanText } from '../errors/clean-text.ts';
import type { FieldCheck } from '../errors/field-check.ts';

const LONGEST_NAME = 100;
/** Would begin another line wherever the name is shown. */
const SEPARATORS = /[\p{Zl}\p{Zp}]/u;

/** Trimmed and in one spelling, as names of people are. */
export function readOrganisationName(check: FieldCheck, text: string): string {
  // Longer by far than any that is accepted: not even normalised, which would be slow.
  const normal = text.length > LONGEST_NAME * 8 ? null : text.trim().normalize('NFC');
  const name = normal === null || SEPARATORS.test(normal) ? null : cleanText(normal, 1, LONGEST_NAME);
  return check.accept('name', name, `must have 1 to ${LONGEST_NAME} characters, none of them a control character`);
}
