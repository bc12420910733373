import type { AuthFunctions } from '../db/auth-functions.ts';
import type { Clock } from '../clock.ts';
import type { KeyCipher } from './key-cipher.ts';
import { generateSigningKey } from './signing-key.ts';
import type { SigningAlgorithm } from './verification-key.ts';

export type RotateKeysDeps = {
  readonly auth: Pick<AuthFunctions, 'listSigningKeys' | 'addSigningKey'>;
  readonly cipher: KeyCipher;
  readonly clock: Pick<Clock, 'now'>;
  readonly algorithm: SigningAlgorithm;
  /** How long a key signs, how long it is published before, and how long it verifies after; milliseconds. */
  readonly rotation: number;
  readonly publishAhead: number;
  readonly overlap: number;
};

/**
 * How long "at once" takes: longer than every replica needs to hear of the key (they look several times a second), so that
 * none meets a token it cannot verify.
 */
const AT_ONCE = 5000;

/**
 * Adds a signing key where one is due. Any number of replicas may run it: the database takes one key a turn.
 *
 * `if-due`: the first key, at once; a later one so far ahead that it is published for `publishAhead` before the current
 * key has signed for `rotation`. `at-once`: a new key, whatever the time, as soon as every replica knows it. `now`: one that
 * signs from this moment on; a replica that has not heard of it yet refuses its tokens for an instant.
 *
 * @returns the id of the new key, or null
 */
export function createRotateKeys({ auth, cipher, clock, algorithm, rotation, publishAhead, overlap }: RotateKeysDeps) {
  return async function rotateKeys(when: 'if-due' | 'at-once' | 'now'): Promise<string | null> {
    const keys = await auth.listSigningKeys();
    const newest = keys.toSorted((a, b) => b.createdAt.getTime() - a.createdAt.getTime())[0];

    let activeIn = 0;
    if (newest) {
      const takeOver = newest.activeFrom.getTime() + rotation;
      if (when === 'if-due' && takeOver - publishAhead > clock.now()) return null;
      const activeInTurn = Math.max(takeOver - clock.now(), publishAhead);
      activeIn = { 'if-due': activeInTurn, 'at-once': AT_ONCE, now: 0 }[when];
    }

    // A key that was stored under a wrong master key would stop every replica that has the right one.
    if (newest) cipher.open(newest.encryptedPrivateKey, newest.kid);
    const key = await generateSigningKey(algorithm);
    const isAdded = await auth.addSigningKey({
      kid: key.kid,
      algorithm,
      publicJwk: key.publicJwk,
      encryptedPrivateKey: cipher.seal(Buffer.from(JSON.stringify(key.privateJwk)), key.kid),
      activeIn,
      overlap,
      newestKid: newest?.kid ?? null,
    });
    return isAdded ? key.kid : null;
  };
}

export type RotateKeys = ReturnType<typeof createRotateKeys>;
