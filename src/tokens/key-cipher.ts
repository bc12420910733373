import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { StartProblem } from '../errors/start-problem.ts';

const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Seals private keys for the database: AES-256-GCM, the key's id as additional data, so that rows cannot be swapped. */
export type KeyCipher = {
  readonly seal: (plain: Uint8Array, kid: string) => Buffer;
  /** @throws StartProblem when the key is another one, or the row was changed */
  readonly open: (sealed: Buffer, kid: string) => Buffer;
};

export function createKeyCipher(key: Buffer): KeyCipher {
  return {
    seal(plain, kid) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(kid));
      return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    },
    open(sealed, kid) {
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES })
        .setAAD(Buffer.from(kid))
        .setAuthTag(sealed.subarray(-TAG_BYTES));
      const plain = decipher.update(sealed.subarray(IV_BYTES, -TAG_BYTES));
      try {
        return Buffer.concat([plain, decipher.final()]);
      } catch (cause) {
        throw new StartProblem(
          'The signing keys in the database cannot be opened: MASTER_KEY is not the one that they were stored under. ' +
            'Set that one again.',
          { cause },
        );
      }
    },
  };
}
