import type { Contacts } from '../accounts/contact.ts';
import { readReachableContact } from '../accounts/reachable-contact.ts';
import type { Caller } from '../caller.ts';
import type { StartChallenge, StartedChallenge } from '../challenges/start-challenge.ts';
import type { KnownDevice } from './known-device.ts';

type StartCodeLoginDeps = {
  readonly contacts: Pick<Contacts, 'reachable'>;
  readonly startChallenge: StartChallenge;
  readonly knownDevice: KnownDevice;
  /** Whether a phone that nobody has is sent a code, too: it gets an account. */
  readonly phonesRegister: boolean;
};

type StartCodeLoginInput = { readonly contact: string; readonly deviceToken: string };

/** Sends a code to log in with. */
export function createStartCodeLogin({ contacts, startChallenge, knownDevice, phonesRegister }: StartCodeLoginDeps) {
  return async function startCodeLogin(input: StartCodeLoginInput, caller: Caller): Promise<StartedChallenge> {
    const { type, value, channel } = readReachableContact(contacts, input.contact);
    const device = await knownDevice(value, input.deviceToken);
    const registers = phonesRegister && type === 'phone';
    return await startChallenge(
      { purpose: 'code_login', contactType: type, contact: value, channel, registers, device },
      caller,
    );
  };
}

export type StartCodeLogin = ReturnType<typeof createStartCodeLogin>;
