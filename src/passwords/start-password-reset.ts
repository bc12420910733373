import type { Contacts } from '../accounts/contact.ts';
import { readReachableContact } from '../accounts/reachable-contact.ts';
import type { KnownDevice } from '../auth/known-device.ts';
import type { Caller } from '../caller.ts';
import type { StartChallenge, StartedChallenge } from '../challenges/start-challenge.ts';

type StartPasswordResetDeps = {
  readonly contacts: Pick<Contacts, 'reachable'>;
  readonly startChallenge: StartChallenge;
  readonly knownDevice: KnownDevice;
};

type StartPasswordResetInput = { readonly contact: string; readonly deviceToken: string };

/** Sends what a forgotten password is replaced with: a link by mail, a code everywhere else. */
export function createStartPasswordReset({ contacts, startChallenge, knownDevice }: StartPasswordResetDeps) {
  return async function startPasswordReset(input: StartPasswordResetInput, caller: Caller): Promise<StartedChallenge> {
    const { type, value, channel } = readReachableContact(contacts, input.contact);
    const device = await knownDevice(value, input.deviceToken);
    return await startChallenge(
      { purpose: 'password_reset', contactType: type, contact: value, channel, device },
      caller,
    );
  };
}

export type StartPasswordReset = ReturnType<typeof createStartPasswordReset>;
