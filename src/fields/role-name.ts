import { AppError } from '../errors/app-error.ts';
import { cleanText } from '../errors/clean-text.ts';
import type { FieldCheck } from '../errors/field-check.ts';

/** As long as the name of a role can be. */
const LONGEST_NAME = 63;
const MOST_NAMES = 20;
const FORM = `must be 1 to ${LONGEST_NAME} characters without control characters`;

/**
 * The name of a role. One that there is not is no bad field: it is refused as any other that the caller may not give. Notes what is
 * wrong; the result may be used after `throwIfAny`.
 */
export function readRoleName(check: FieldCheck, field: string, text: string): string {
  return check.accept(field, cleanText(text, 1, LONGEST_NAME), FORM);
}

/** The same, where the field may be left out; null: it is. */
export function readOptionalRoleName(check: FieldCheck, field: string, text: string): string | null {
  return text === '' ? null : check.accept(field, cleanText(text, 1, LONGEST_NAME), `${FORM}, or left out`);
}

/** Names of roles, each once. */
export function readRoleNames(
  check: FieldCheck,
  field: string,
  names: readonly string[],
  atLeast: 0 | 1,
): readonly string[] {
  if (names.length < atLeast || names.length > MOST_NAMES) {
    check.refuse(field, `must be ${atLeast} to ${MOST_NAMES}`);
    return [];
  }
  return [...new Set(names.map((name, index) => readRoleName(check, `${field}[${index}]`, name)))];
}

/** The refusal of one of the names in `roles`, by the field where it stands. */
export function roleNotGrantable(names: readonly string[], refused: string): AppError {
  const violation = { field: `roles[${names.indexOf(refused)}]`, description: 'may not be given by you' };
  return new AppError('ROLE_NOT_GRANTABLE', { violations: [violation] });
}
