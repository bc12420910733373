import { systemClock } from '../clock.ts';
import { createAuthFunctions } from '../db/auth-functions.ts';
import { createKeyCipher } from '../tokens/key-cipher.ts';
import { keyRotationSettings } from '../tokens/key-rotation-settings.ts';
import { createRotateKeys } from '../tokens/rotate-keys.ts';
import { deriveSubkey } from '../tokens/subkey.ts';
import type { OwnerDatabase } from './open-database.ts';

/** Adds a signing key at once and says so. Running replicas hear of it before it signs. */
export async function rotateKeysNow({ call, config }: OwnerDatabase): Promise<string> {
  const rotateKeys = createRotateKeys({
    auth: createAuthFunctions(call),
    cipher: createKeyCipher(deriveSubkey(config.MASTER_KEY, 'signing-key-encryption')),
    clock: systemClock,
    ...keyRotationSettings(config),
  });
  const kid = await rotateKeys('at-once');
  if (kid === null) throw new Error('Another key was added at the same moment. Try again if it was not meant.');
  return `Added the ${config.SIGNING_ALGORITHM} key ${kid}. It signs within 5 seconds; earlier keys verify until their last tokens end.\nServices that verify by themselves have to fetch the keys again.`;
}
