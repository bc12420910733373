import type { SignedInCaller } from '../caller.ts';
import type { ContactFunctions, UserContact } from '../db/contact-functions.ts';
import type { Contacts, TypedContact } from './contact.ts';
import { readTypedContact } from './typed-contact.ts';

type AddContactDeps = {
  readonly contacts: Contacts;
  readonly contactFunctions: Pick<ContactFunctions, 'addContact'>;
};

/** Adds a contact to the caller's account. What its type asks a confirmation for, counts for nothing until then. */
export function createAddContact({ contacts, contactFunctions }: AddContactDeps) {
  return async function addContact(input: TypedContact, { user, language }: SignedInCaller): Promise<UserContact> {
    const contact = readTypedContact(contacts, input, { type: 'type', value: 'value' });
    return await contactFunctions.addContact({ userId: user.userId, ...contact, language });
  };
}

export type AddContact = ReturnType<typeof createAddContact>;
