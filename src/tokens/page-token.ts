import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';
import { uuidBytes, uuidText } from './uuid.ts';

/** The tokens of pages: where the next one begins. They hold for one list and its filter, and nobody else can make one. */
export type PageTokens = {
  /** @param after the id of the last one that was shown, a UUID */
  readonly write: (list: string, after: string) => string;
  /** null for one that is not ours, or of another list or filter. */
  readonly read: (list: string, token: string) => string | null;
};

const ID_BYTES = 16;
const MAC_BYTES = 16;

export function createPageTokens(key: Buffer): PageTokens {
  const macKey = createSecretKey(key);
  const macOf = (list: string, id: Buffer) =>
    createHmac('sha256', macKey).update(`${list}\0`).update(id).digest().subarray(0, MAC_BYTES);
  return {
    write(list, after) {
      const id = uuidBytes(after);
      return Buffer.concat([id, macOf(list, id)]).toString('base64url');
    },
    read(list, token) {
      if (!/^[A-Za-z0-9_-]{43}$/.test(token)) return null;
      const bytes = Buffer.from(token, 'base64url');
      const id = bytes.subarray(0, ID_BYTES);
      // One spelling only: the last character has spare bits.
      if (bytes.toString('base64url') !== token || !timingSafeEqual(bytes.subarray(ID_BYTES), macOf(list, id)))
        return null;
      return uuidText(id);
    },
  };
}
