import type { Contacts } from '../accounts/contact.ts';
import { readEmail } from '../auth/registration-fields.ts';
import type { Caller } from '../caller.ts';
import type { StartChallenge, StartedChallenge } from '../challenges/start-challenge.ts';
import { createFieldCheck } from '../errors/field-check.ts';

type StartRegistrationDeps = {
  readonly contacts: Pick<Contacts, 'email'>;
  readonly startChallenge: StartChallenge;
};

/** Mails a link to an address, or to one that has an account that it has. The answer and its cost are the same. */
export function createStartRegistration({ contacts, startChallenge }: StartRegistrationDeps) {
  return async function startRegistration(
    input: { email: string },
    caller: Caller,
  ): Promise<Pick<StartedChallenge, 'lifetime' | 'resendDelay'>> {
    const check = createFieldCheck();
    const contact = readEmail(check, contacts, input.email);
    check.throwIfAny();
    return await startChallenge({ purpose: 'registration', contactType: 'email', contact, channel: 'email' }, caller);
  };
}

export type StartRegistration = ReturnType<typeof createStartRegistration>;
