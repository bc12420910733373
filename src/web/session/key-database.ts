import type { KeyPair } from 'dpop';
import type { KeepFirst } from './key-store.ts';

const STORE = 'keys';
const NAME = 'dpop';

/**
 * Keeps the key in IndexedDB, because that stores a `CryptoKey` as it is: a key that is not extractable stays one. A script in
 * the page can sign with it as long as the page is open, and can neither read it nor take it along.
 *
 * In one transaction, so that two tabs that start at once end with one key.
 */
export function keepIn(factory: IDBFactory): KeepFirst {
  return async (made) => {
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
  };
}

function answerOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB does not answer.'));
  });
}
