import type { AuthFunctions } from '../db/auth-functions.ts';
import type { Clock } from '../clock.ts';
import type { KeyCipher } from './key-cipher.ts';
import { openSigningKey } from './signing-key.ts';
import type { SigningKey } from './signing-key.ts';

/** The signing keys that this replica knows. They come from our database alone; no token can name another place. */
export type KeyRing = {
  /** Reads the keys anew. */
  readonly load: () => Promise<void>;
  /** The key that signs now: the one that became active last. */
  readonly current: () => SigningKey;
  /** A key that verifies now. */
  readonly find: (kid: string) => SigningKey | undefined;
  /** All keys that verify now or will, the newest first. */
  readonly list: () => readonly SigningKey[];
};

type Deps = {
  readonly auth: Pick<AuthFunctions, 'listSigningKeys'>;
  readonly cipher: KeyCipher;
  readonly clock: Pick<Clock, 'now'>;
};

export function createKeyRing({ auth, cipher, clock }: Deps): KeyRing {
  let keys: ReadonlyMap<string, SigningKey> = new Map();
  const isKept = (key: SigningKey) => key.retiredAt === null || key.retiredAt > clock.now();

  return {
    async load() {
      const stored = await auth.listSigningKeys();
      // A key that is known already is not opened again, but its times may have changed.
      keys = new Map(
        stored.map((row) => {
          const known = keys.get(row.kid);
          const key = known
            ? { ...known, activeFrom: row.activeFrom.getTime(), retiredAt: row.retiredAt?.getTime() ?? null }
            : openSigningKey(row, cipher);
          return [key.kid, key];
        }),
      );
    },
    current() {
      const now = clock.now();
      let newest: SigningKey | undefined;
      for (const key of keys.values()) {
        if (key.activeFrom <= now && isKept(key) && (!newest || key.activeFrom > newest.activeFrom)) newest = key;
      }
      if (!newest) throw new Error('There is no active signing key.');
      return newest;
    },
    find(kid) {
      const key = keys.get(kid);
      return key && isKept(key) ? key : undefined;
    },
    list: () => [...keys.values()].filter(isKept),
  };
}
