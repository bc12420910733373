import type { AccountsFunctions } from '../db/accounts-functions.ts';
import type { DeviceTokens } from '../tokens/device-token.ts';

/** The device that a token is for, if it has logged in to the account that has the contact; null for none. */
export type KnownDevice = (contact: string, deviceToken: string) => Promise<string | null>;

type Deps = {
  readonly accounts: Pick<AccountsFunctions, 'getActiveUserContactByValue'>;
  readonly deviceTokens: Pick<DeviceTokens, 'read'>;
};

export function createKnownDevice({ accounts, deviceTokens }: Deps): KnownDevice {
  return async (contact, deviceToken) => {
    // Nobody is looked up without a token, known or not: the cost tells nothing.
    if (deviceToken === '') return null;
    const owner = await accounts.getActiveUserContactByValue(contact);
    return owner && deviceTokens.read(deviceToken, owner.userId, owner.devicesSince);
  };
}
