import { generateKeyPair } from 'dpop';
import type { KeyPair } from 'dpop';

/**
 * The key that refresh tokens are bound to (RFC 9449). It is made once for a browser, and is shared by all tabs, as the cookie is.
 *
 * It is kept in IndexedDB because that stores a `CryptoKey` as it is: a key that is not extractable stays one. A script in
 * the page can sign with it as long as the page is open, and can neither read it nor take it along.
 */
export type KeyStore = () => Promise<KeyPair>;

const STORE = 'keys';
const NAME = 'dpop';

export function createKeyStore(factory: IDBFactory): KeyStore {
  let held: Promise<KeyPair> | null = null;

  async function load(): Promise<KeyPair> {
    // Made before anything is read: a transaction does not wait for WebCrypto.
    const made = await generateKeyPair('ES256', { extractable: false });
    try {
      return await keepFirst(factory, made);
    } catch {
      // No storage, as in some private windows: the key lives as long as the page does, and its owner logs in again after a reload.
      return made;
    }
  }

  return () => (held ??= load());
}

/** The key that is there, or else the new one: in one transaction, so that two tabs that start at once end with one key. */
async function keepFirst(factory: IDBFactory, made: KeyPair): Promise<KeyPair> {
  const opening = factory.open('session', 1);
  opening.onupgradeneeded = () => void opening.result.createObjectStore(STORE);
  const database = await answerOf(opening);
  try {
    const keys = database.transaction(STORE, 'readwrite').objectStore(STORE);
    const kept = (await answerOf(keys.get(NAME))) as KeyPair | undefined;
    if (kept) return kept;
    await answerOf(keys.add(made, NAME));
    return made;
  } finally {
    database.close();
  }
}

function answerOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB does not answer.'));
  });
}
