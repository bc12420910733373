import { generateKeyPair } from 'dpop';
import type { KeyPair } from 'dpop';

/**
 * The key that refresh tokens are bound to (RFC 9449). It is made once for a browser, and is shared by all tabs, as the cookie is.
 */
export type KeyStore = () => Promise<KeyPair>;

/** The key that is kept in this browser, or else the new one, which is kept from now on. */
export type KeepFirst = (made: KeyPair) => Promise<KeyPair>;

/**
 * Where nothing can be kept, as in some private windows, the key lives as long as the page does, and its owner logs in again after
 * a reload. That may be for a moment only, so storage is asked again each time: another key than that of the other tabs must
 * not outlive what has led to it.
 */
export function createKeyStore(keepFirst: KeepFirst): KeyStore {
  let made: Promise<KeyPair> | null = null;
  let held: Promise<KeyPair> | null = null;

  async function load(): Promise<KeyPair> {
    // Made before anything is read: a transaction does not wait for WebCrypto.
    const own = await (made ??= generateKeyPair('ES256', { extractable: false }));
    try {
      return await keepFirst(own);
    } catch {
      held = null;
      return own;
    }
  }

  return () => (held ??= load());
}
