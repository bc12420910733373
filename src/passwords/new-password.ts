import { AppError } from '../errors/app-error.ts';
import { cleanText } from '../errors/clean-text.ts';
import type { FieldCheck } from '../errors/field-check.ts';
import type { CheckPasswordPolicy } from './policy.ts';

const FIELD = 'new_password';

/** A new password as it was typed. Whether it is good enough is another question: whose it is to be, may not be known yet. */
export function readNewPassword(check: FieldCheck, text: string): string {
  const clean = cleanText(text, 0, Number.MAX_SAFE_INTEGER);
  return check.accept(FIELD, clean, 'must not contain control characters');
}

/** @throws PASSWORD_TOO_WEAK */
export function requirePolicy(checkPassword: CheckPasswordPolicy, password: string, names: readonly string[]): void {
  const problem = checkPassword(password, names);
  if (!problem) return;
  throw new AppError('PASSWORD_TOO_WEAK', { violations: [{ field: FIELD, description: problem }] });
}
