import { EMAIL_FORM, PHONE_FORM, SECOND_LOGIN_FORM } from '../accounts/contact.ts';
import type { Contacts } from '../accounts/contact.ts';
import { profileDataProblem } from '../accounts/profile-fields.ts';
import type { JsonObject } from '../db/accounts-functions.ts';
import { AppError } from '../errors/app-error.ts';
import { cleanText } from '../errors/clean-text.ts';
import type { FieldCheck } from '../errors/field-check.ts';
import type { CheckPasswordPolicy } from '../passwords/policy.ts';

/** What every form asks for that opens an account with a password. */
export type RegistrationFields = {
  readonly profile: JsonObject;
  readonly password: string;
  readonly groupNames: readonly string[];
  readonly interface: string;
};

const MOST_GROUP_NAMES = 16;

/** Notes what is wrong with them; the result may be used after `throwIfAny`. */
export function readRegistrationFields(
  check: FieldCheck,
  input: RegistrationFields,
  interfaces: ReadonlySet<string>,
): RegistrationFields {
  const password = check.accept(
    'password',
    cleanText(input.password, 0, Number.MAX_SAFE_INTEGER),
    'must not contain control characters',
  );
  const profileProblem = profileDataProblem(input.profile);
  if (profileProblem !== null) check.refuse('profile', profileProblem);
  if (input.groupNames.length > MOST_GROUP_NAMES) check.refuse('group_names', `must be at most ${MOST_GROUP_NAMES}`);
  for (const [index, name] of input.groupNames.entries()) {
    if (cleanText(name, 1, 64) === null) check.refuse(`group_names[${index}]`, 'must be the name of a role');
  }
  if (!interfaces.has(input.interface)) check.refuse('interface', `must be one of: ${[...interfaces].join(', ')}`);
  return {
    profile: input.profile,
    password,
    groupNames: [...new Set(input.groupNames)].sort(),
    interface: input.interface,
  };
}

export function readSecondLogin(check: FieldCheck, contacts: Pick<Contacts, 'secondLogin'>, text: string): string {
  return check.accept('second_login', contacts.secondLogin(text), SECOND_LOGIN_FORM);
}

export function readPhone(check: FieldCheck, contacts: Pick<Contacts, 'phone'>, text: string): string {
  return check.accept('phone', contacts.phone(text), PHONE_FORM);
}

export function readEmail(check: FieldCheck, contacts: Pick<Contacts, 'email'>, text: string): string {
  return check.accept('email', contacts.email(text), EMAIL_FORM);
}

/** @throws REGISTER_INVALID_PASSWORD */
export function requireStrongPassword(
  checkPassword: CheckPasswordPolicy,
  password: string,
  ownNames: readonly string[],
): void {
  const problem = checkPassword(password, ownNames);
  if (problem === null) return;
  throw new AppError('REGISTER_INVALID_PASSWORD', { violations: [{ field: 'password', description: problem }] });
}
