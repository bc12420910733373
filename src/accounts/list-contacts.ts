import type { SignedInCaller } from '../caller.ts';
import type { ContactFunctions, UserContact } from '../db/contact-functions.ts';

type ListContactsDeps = { readonly contacts: Pick<ContactFunctions, 'listContacts'> };

/** Lists the caller's contacts, and with `includeHistory` those that he had. */
export function createListContacts({ contacts }: ListContactsDeps) {
  return async function listContacts(
    { includeHistory }: { includeHistory: boolean },
    { user }: SignedInCaller,
  ): Promise<readonly UserContact[]> {
    return await contacts.listContacts({ userId: user.userId, withHistory: includeHistory });
  };
}

export type ListContacts = ReturnType<typeof createListContacts>;
