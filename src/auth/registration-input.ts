import type { Contacts } from '../accounts/contact.ts';
import type { Contact } from '../db/accounts-functions.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import type { CheckPasswordPolicy } from '../passwords/policy.ts';
import {
  readEmail,
  readPhone,
  readRegistrationFields,
  readSecondLogin,
  requireStrongPassword,
} from './registration-fields.ts';
import type { RegistrationFields } from './registration-fields.ts';

export type RegisterInput = RegistrationFields & {
  readonly secondLogin: string;
  readonly phone: string;
  readonly email: string;
  readonly idempotencyKey: string;
  readonly guestAccessToken: string;
};

/** A registration in the form that is stored. */
export type Registration = RegistrationFields & {
  readonly contacts: readonly Contact[];
  readonly idempotencyKey: string | null;
};

export type ReadRegistration = (input: RegisterInput) => Registration;

type Deps = {
  readonly contacts: Contacts;
  readonly checkPassword: CheckPasswordPolicy;
  readonly interfaces: ReadonlySet<string>;
};

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{16,128}$/;

/**
 * Checks and normalises what a person typed.
 * @throws INVALID_REQUEST with every field that is wrong; REGISTER_INVALID_PASSWORD when it is the password alone
 */
export function createReadRegistration({ contacts, checkPassword, interfaces }: Deps): ReadRegistration {
  return (input) => {
    const check = createFieldCheck();
    const secondLogin = readSecondLogin(check, contacts, input.secondLogin);
    const phone = readPhone(check, contacts, input.phone);
    const email = input.email === '' ? null : readEmail(check, contacts, input.email);
    const fields = readRegistrationFields(check, input, interfaces);
    if (input.idempotencyKey !== '' && !IDEMPOTENCY_KEY.test(input.idempotencyKey)) {
      check.refuse('idempotency_key', 'must have 16 to 128 visible ASCII characters');
    }
    check.throwIfAny();

    requireStrongPassword(checkPassword, fields.password, [secondLogin, phone, ...(email === null ? [] : [email])]);
    return {
      ...fields,
      contacts: [
        { type: 'second_login', value: secondLogin },
        { type: 'phone', value: phone },
        ...(email === null ? [] : [{ type: 'email', value: email }]),
      ],
      idempotencyKey: input.idempotencyKey || null,
    };
  };
}
