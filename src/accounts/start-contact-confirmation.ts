import type { SignedInCaller } from '../caller.ts';
import type { StartChallenge, StartedChallenge } from '../challenges/start-challenge.ts';
import type { ContactFunctions } from '../db/contact-functions.ts';
import { AppError } from '../errors/app-error.ts';
import { readContactId } from './contact-id.ts';
import type { Contacts } from './contact.ts';

type StartContactConfirmationDeps = {
  readonly contacts: Pick<Contacts, 'types'>;
  readonly contactFunctions: Pick<ContactFunctions, 'getContact'>;
  readonly startChallenge: StartChallenge;
};

/** Sends a link or a code to a contact of the caller's, by which he shows that it is his. */
export function createStartContactConfirmation(deps: StartContactConfirmationDeps) {
  return async function startContactConfirmation(
    input: { contactId: string },
    caller: SignedInCaller,
  ): Promise<StartedChallenge> {
    const contactId = readContactId(input.contactId);
    const { userId } = caller.user;
    const contact = await deps.contactFunctions.getContact({ userId, contactId });
    if (!contact?.isActive) throw new AppError('CONTACT_NOT_FOUND');
    const channel = deps.contacts.types.find(({ name }) => name === contact.type)?.channel;
    // A type without a channel needs no confirmation; whether this contact needs one still, the database decides.
    if (!channel) throw new AppError('CONTACT_ALREADY_CONFIRMED');
    return await deps.startChallenge(
      {
        purpose: 'contact_confirmation',
        contactType: contact.type,
        contact: contact.value,
        channel,
        confirms: { contactId: contact.contactId, userId },
      },
      caller,
    );
  };
}

export type StartContactConfirmation = ReturnType<typeof createStartContactConfirmation>;
