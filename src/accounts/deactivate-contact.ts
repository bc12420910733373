import type { SignedInCaller } from '../caller.ts';
import type { ContactFunctions, UserContact } from '../db/contact-functions.ts';
import { readContactId } from './contact-id.ts';

type DeactivateContactDeps = { readonly contacts: Pick<ContactFunctions, 'deactivateContact'> };

/** Takes a contact of the caller's out of use, unless it is his last way to log in. */
export function createDeactivateContact({ contacts }: DeactivateContactDeps) {
  return async function deactivateContact(
    input: { contactId: string },
    { user, language }: SignedInCaller,
  ): Promise<UserContact> {
    const contactId = readContactId(input.contactId);
    return await contacts.deactivateContact({ userId: user.userId, contactId, language });
  };
}

export type DeactivateContact = ReturnType<typeof createDeactivateContact>;
