import { systemClock, systemDelay } from '../clock.ts';
import { createAuthFunctions } from '../db/auth-functions.ts';
import { createWithdrawKey } from '../revocation/withdraw-key.ts';
import { createKeyCipher } from '../tokens/key-cipher.ts';
import { keyRotationSettings } from '../tokens/key-rotation-settings.ts';
import { createRotateKeys } from '../tokens/rotate-keys.ts';
import { deriveSubkey } from '../tokens/subkey.ts';
import type { OwnerDatabase } from './open-database.ts';

/** Withdraws a signing key and says so when no replica accepts its tokens any more. */
export async function withdrawKeyNow({ call, config }: OwnerDatabase, kid: string | undefined): Promise<string> {
  if (kid === undefined || kid === '') throw new TypeError('withdraw-key needs the id of a key: --kid=<kid>');
  const auth = createAuthFunctions(call);
  const rotateKeys = createRotateKeys({
    auth,
    cipher: createKeyCipher(deriveSubkey(config.MASTER_KEY, 'signing-key-encryption')),
    clock: systemClock,
    ...keyRotationSettings(config),
  });
  const withdrawKey = createWithdrawKey({ auth, rotateKeys, delay: systemDelay });
  if (!(await withdrawKey(kid))) throw new Error(`There is no key ${kid} in use.`);
  return (
    `Withdrew the key ${kid}: no replica accepts a token that it signed.\n` +
    'Sessions live on: their owners get new tokens with the next refresh. Services that follow WatchRevocations learn of it ' +
    'with the next message, others have to fetch the keys again.'
  );
}
