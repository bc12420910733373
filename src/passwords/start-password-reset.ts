import type { Contacts } from '../accounts/contact.ts';
import type { Caller } from '../caller.ts';
import type { StartChallenge, StartedChallenge } from '../challenges/start-challenge.ts';
import { createFieldCheck } from '../errors/field-check.ts';

export type StartPasswordResetDeps = {
  readonly contacts: Pick<Contacts, 'reachable'>;
  readonly startChallenge: StartChallenge;
};

export type StartPasswordResetInput = { readonly contact: string };

/** Sends what a forgotten password is replaced with: a link by mail, a code everywhere else. */
export function createStartPasswordReset({ contacts, startChallenge }: StartPasswordResetDeps) {
  return async function startPasswordReset(input: StartPasswordResetInput, caller: Caller): Promise<StartedChallenge> {
    const check = createFieldCheck();
    const contact = check.accept(
      'contact',
      contacts.reachable(input.contact),
      'must be an e-mail address or a phone number',
    );
    check.throwIfAny();
    const { type, value, channel } = contact;
    return await startChallenge({ purpose: 'password_reset', contactType: type, contact: value, channel }, caller);
  };
}

export type StartPasswordReset = ReturnType<typeof createStartPasswordReset>;
