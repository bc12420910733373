import type { AccountsFunctions } from '../db/accounts-functions.ts';
import type { Contacts } from './contact.ts';
import { readTypedContact } from './typed-contact.ts';

type CheckAvailabilityDeps = {
  readonly accounts: Pick<AccountsFunctions, 'isContactAvailable'>;
  readonly contacts: Contacts;
};

type Availability = { readonly isAvailable: boolean; readonly value: string };

/** Says whether a contact is free, and how it would be stored. */
export function createCheckAvailability({ accounts, contacts }: CheckAvailabilityDeps) {
  return async function checkAvailability(input: { contactType: string; value: string }): Promise<Availability> {
    const asked = { type: input.contactType, value: input.value };
    const { value } = readTypedContact(contacts, asked, { type: 'contact_type', value: 'value' });
    return { isAvailable: await accounts.isContactAvailable(value), value };
  };
}

export type CheckAvailability = ReturnType<typeof createCheckAvailability>;
