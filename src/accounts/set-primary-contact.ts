import type { SignedInCaller } from '../caller.ts';
import type { ContactFunctions, UserContact } from '../db/contact-functions.ts';
import { readContactId } from './contact-id.ts';

type SetPrimaryContactDeps = { readonly contacts: Pick<ContactFunctions, 'setPrimaryContact'> };

/** Makes a confirmed contact of the caller's the first of its type. */
export function createSetPrimaryContact({ contacts }: SetPrimaryContactDeps) {
  return async function setPrimaryContact(
    input: { contactId: string },
    { user }: SignedInCaller,
  ): Promise<UserContact> {
    return await contacts.setPrimaryContact({ userId: user.userId, contactId: readContactId(input.contactId) });
  };
}

export type SetPrimaryContact = ReturnType<typeof createSetPrimaryContact>;
