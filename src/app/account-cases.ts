import { createAddContact } from '../accounts/add-contact.ts';
import { createCheckAvailability } from '../accounts/check-availability.ts';
import { createDeactivateAccount } from '../accounts/deactivate-account.ts';
import { createDeactivateContact } from '../accounts/deactivate-contact.ts';
import { createFinishContactConfirmation } from '../accounts/finish-contact-confirmation.ts';
import { createGetProfile } from '../accounts/get-profile.ts';
import { createListContacts } from '../accounts/list-contacts.ts';
import { createListRoles } from '../accounts/list-roles.ts';
import { createSetPrimaryContact } from '../accounts/set-primary-contact.ts';
import { createStartContactConfirmation } from '../accounts/start-contact-confirmation.ts';
import { createUpdateProfile } from '../accounts/update-profile.ts';
import type { Stores } from './stores.ts';
import type { Shared } from './shared.ts';

/** What people do with accounts of their own. */
export function createAccountCases(
  { functions: { accounts, contacts: contactFunctions, profiles } }: Stores,
  shared: Shared,
) {
  const { interfaces, inTransaction, confirmRevocation, contacts, challengeSecrets, startChallenge } = shared;
  return {
    listRoles: createListRoles({ accounts, interfaces }),
    checkAvailability: createCheckAvailability({ accounts, contacts }),
    listContacts: createListContacts({ contacts: contactFunctions }),
    addContact: createAddContact({ contacts, contactFunctions }),
    startContactConfirmation: createStartContactConfirmation({ contacts, contactFunctions, startChallenge }),
    finishContactConfirmation: createFinishContactConfirmation({ secrets: challengeSecrets, inTransaction }),
    setPrimaryContact: createSetPrimaryContact({ contacts: contactFunctions }),
    deactivateContact: createDeactivateContact({ contacts: contactFunctions }),
    getProfile: createGetProfile({ profiles }),
    updateProfile: createUpdateProfile({ profiles }),
    deactivateAccount: createDeactivateAccount({ profiles, confirmRevocation }),
  };
}
