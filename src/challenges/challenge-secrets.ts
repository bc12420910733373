import { createHmac, createSecretKey, hash, timingSafeEqual } from 'node:crypto';
import { uuidBytes, uuidText } from '../tokens/uuid.ts';

/** What is presented: which challenge, and the hash of what was shown. */
export type ReadSecret = { readonly id: string; readonly secretHash: string };

/**
 * Codes and links follow from the id of their challenge and our key (HMAC-SHA-256), so that they are stored nowhere: not in
 * the table of challenges, which has their hashes, and not in the queue of messages, whose sender derives them again. Neither
 * the database alone nor a single message makes another.
 */
export type ChallengeSecrets = {
  /** 6 digits. */
  readonly code: (id: string) => string;
  /** The token of a link: the id and 256 bits, in base64url. */
  readonly linkToken: (id: string, purpose: string) => string;
  readonly hashCode: (id: string, code: string) => string;
  readonly hashLinkToken: (token: string) => string;
  /** null for a token that this service has not made for the purpose. */
  readonly readLinkToken: (token: string, purpose: string) => ReadSecret | null;
};

const ID_BYTES = 16;
const TOKEN_BYTES = ID_BYTES + 32;
const CODES = 1_000_000n;

export function createChallengeSecrets(keys: { secret: Buffer; codeHash: Buffer }): ChallengeSecrets {
  const secretKey = createSecretKey(keys.secret);
  const codeHashKey = createSecretKey(keys.codeHash);
  const derive = (text: string) => createHmac('sha256', secretKey).update(text).digest();
  const linkMac = (id: string, purpose: string) => derive(`link/${purpose}/${id}`);
  const linkToken = (id: string, purpose: string) =>
    Buffer.concat([uuidBytes(id), linkMac(id, purpose)]).toString('base64url');
  // It has 256 bits of its own: no salt and no key are needed.
  const hashLinkToken = (token: string) => hash('sha256', token);

  return {
    code(id) {
      // Of 64 bits: that a million does not divide them makes a difference of 1 in 10^13.
      return String(derive(`code/${id}`).readBigUInt64BE() % CODES).padStart(6, '0');
    },
    linkToken,
    // Keyed: a million codes are tried in a second.
    hashCode: (id, code) => createHmac('sha256', codeHashKey).update(`${id}/${code}`).digest('hex'),
    hashLinkToken,
    readLinkToken(token, purpose) {
      if (!/^[A-Za-z0-9_-]{64}$/.test(token)) return null;
      const bytes = Buffer.from(token, 'base64url');
      if (bytes.length !== TOKEN_BYTES) return null;
      const id = uuidText(bytes.subarray(0, ID_BYTES));
      if (!timingSafeEqual(linkMac(id, purpose), bytes.subarray(ID_BYTES))) return null;
      return { id, secretHash: hashLinkToken(token) };
    },
  };
}
