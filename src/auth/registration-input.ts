import type { Contacts } from '../accounts/contact.ts';
import type { Contact, JsonObject } from '../db/accounts-functions.ts';
import { AppError } from '../errors/app-error.ts';
import { cleanText, isCleanJson } from '../errors/clean-text.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import type { CheckPasswordPolicy } from '../passwords/policy.ts';

export type RegisterInput = {
  readonly secondLogin: string;
  readonly phone: string;
  readonly email: string;
  readonly profile: JsonObject;
  readonly password: string;
  readonly groupNames: readonly string[];
  readonly interface: string;
  readonly idempotencyKey: string;
};

/** A registration in the form that is stored. */
export type Registration = {
  readonly contacts: readonly Contact[];
  readonly profile: JsonObject;
  readonly password: string;
  readonly groupNames: readonly string[];
  readonly interface: string;
  readonly idempotencyKey: string | null;
};

export type ReadRegistration = (input: RegisterInput) => Registration;

type Deps = {
  readonly contacts: Contacts;
  readonly checkPassword: CheckPasswordPolicy;
  readonly interfaces: ReadonlySet<string>;
};

const LARGEST_PROFILE_BYTES = 16 * 1024;
const DEEPEST_PROFILE = 32;
const MOST_GROUP_NAMES = 16;
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{16,128}$/;

/**
 * Checks and normalises what a person typed.
 * @throws INVALID_REQUEST with every field that is wrong; REGISTER_INVALID_PASSWORD when it is the password alone
 */
export function createReadRegistration({ contacts, checkPassword, interfaces }: Deps): ReadRegistration {
  return (input) => {
    const check = createFieldCheck();
    const secondLogin = check.accept(
      'second_login',
      contacts.secondLogin(input.secondLogin),
      'must have 3 to 64 letters, digits, ".", "_" or "-", and must not be a phone number',
    );
    const phone = check.accept('phone', contacts.phone(input.phone), 'must be a phone number');
    const email =
      input.email === ''
        ? null
        : check.accept('email', contacts.email(input.email), 'must be an e-mail address of at most 320 characters');
    const password = check.accept(
      'password',
      cleanText(input.password, 0, Number.MAX_SAFE_INTEGER),
      'must not contain control characters',
    );

    if (!isCleanJson(input.profile, DEEPEST_PROFILE)) {
      check.refuse(
        'profile',
        `must be JSON at most ${DEEPEST_PROFILE} levels deep, without NUL characters and broken ones`,
      );
    } else if (Buffer.byteLength(JSON.stringify(input.profile)) > LARGEST_PROFILE_BYTES) {
      check.refuse('profile', `must have at most ${LARGEST_PROFILE_BYTES} bytes as JSON`);
    }
    if (input.groupNames.length > MOST_GROUP_NAMES) check.refuse('group_names', `must be at most ${MOST_GROUP_NAMES}`);
    for (const [index, name] of input.groupNames.entries()) {
      if (cleanText(name, 1, 64) === null) check.refuse(`group_names[${index}]`, 'must be the name of a role');
    }
    if (!interfaces.has(input.interface)) check.refuse('interface', `must be one of: ${[...interfaces].join(', ')}`);
    if (input.idempotencyKey !== '' && !IDEMPOTENCY_KEY.test(input.idempotencyKey)) {
      check.refuse('idempotency_key', 'must have 16 to 128 visible ASCII characters');
    }
    check.throwIfAny();

    const problem = checkPassword(password, [secondLogin, phone, ...(email === null ? [] : [email])]);
    if (problem) {
      throw new AppError('REGISTER_INVALID_PASSWORD', { violations: [{ field: 'password', description: problem }] });
    }
    return {
      contacts: [
        { type: 'second_login', value: secondLogin },
        { type: 'phone', value: phone },
        ...(email === null ? [] : [{ type: 'email', value: email }]),
      ],
      profile: input.profile,
      password,
      groupNames: [...new Set(input.groupNames)].sort(),
      interface: input.interface,
      idempotencyKey: input.idempotencyKey || null,
    };
  };
}
