import { cleanText } from '../errors/clean-text.ts';
import { LONGEST_PASSWORD, LONGEST_PASSWORD_INPUT } from './policy.ts';

/** What is wrong with a text that `normalPassword` does not take. */
export const PASSWORD_FORM = `must have 1 to ${LONGEST_PASSWORD} characters, none of them a control character`;

/**
 * A password to be checked, in the form in which it is compared; null for what cannot be one. A text that is too long is not
 * even normalised, which would be slow.
 */
export function normalPassword(text: string): string | null {
  return text.length > LONGEST_PASSWORD_INPUT ? null : cleanText(text.normalize('NFC'), 1, LONGEST_PASSWORD);
}
