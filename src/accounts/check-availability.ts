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
  const types = contacts.types.map(({ name }) => name);

  return async function checkAvailability(input: { contactType: string; value: string }): Promise<Availability> {
    const check = createFieldCheck();
    const { contactType } = input;
    if (!types.includes(contactType)) {
      check.refuse('contact_type', `must be one of: ${types.join(', ')}`);
      check.throwIfAny();
    }
    const value = check.accept('value', contacts.ofType(contactType, input.value), `must be a ${contactType}`);
    check.throwIfAny();
    return { isAvailable: await accounts.isContactAvailable(value), value };
  };
}

export type CheckAvailability = ReturnType<typeof createCheckAvailability>;
