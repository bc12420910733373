import type { AccountsFunctions } from '../db/accounts-functions.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import type { Contacts } from './contact.ts';

export type CheckAvailabilityDeps = {
  readonly accounts: Pick<AccountsFunctions, 'isContactAvailable'>;
  readonly contacts: Contacts;
};

export type Availability = { readonly isAvailable: boolean; readonly value: string };

/** Says whether a contact is free, and how it would be stored. */
export function createCheckAvailability({ accounts, contacts }: CheckAvailabilityDeps) {
  const normalizers = new Map([
    ['second_login', contacts.secondLogin],
    ['phone', contacts.phone],
    ['email', contacts.email],
  ]);

  return async function checkAvailability(input: { contactType: string; value: string }): Promise<Availability> {
    const check = createFieldCheck();
    const normalize = normalizers.get(input.contactType);
    if (!normalize) check.refuse('contact_type', `must be one of: ${[...normalizers.keys()].join(', ')}`);
    const value = normalize ? check.accept('value', normalize(input.value), `must be a ${input.contactType}`) : '';
    check.throwIfAny();
    return { isAvailable: await accounts.isContactAvailable(value), value };
  };
}

export type CheckAvailability = ReturnType<typeof createCheckAvailability>;
