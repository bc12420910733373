import { parseOptions } from '@node-rs/argon2';

/** What is wrong with a text that `readForeignHash` does not take. */
export const FOREIGN_HASH_FORM =
  'must be bcrypt ($2a$, $2b$ or $2y$, cost 4 to 15) or argon2id (v=19, at most 256 MiB, 10 passes and 16 lanes)';

const BCRYPT = /^\$2[aby]\$(0[4-9]|1[0-5])\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})$/;
const BCRYPT_ALPHABET = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const ARGON2ID =
  /^\$argon2id\$v=19\$m=([1-9]\d{0,6}),t=([1-9]\d?),p=([1-9]\d?)\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,86}$/;

/** So that nobody takes the memory or the time of the service by importing a hash; KiB. */
const MOST_MEMORY = 256 * 1024;
const MOST_PASSES = 10;
const MOST_LANES = 16;

/**
 * The hash of another system as it is stored; null for what cannot be verified here. Bcrypt is always written `$2y$`, which is
 * the same algorithm as `$2b$`: that one is how ours begin, and theirs are read by other rules (see hasher.ts).
 */
export function readForeignHash(text: string): string | null {
  const [, cost = '', salt = '', digest = ''] = BCRYPT.exec(text) ?? [];
  // 22 characters are 4 bits more than a salt, and 31 are 2 more than a digest. Some systems do not clear them, and our library
  // compares texts.
  if (cost !== '') return `$2y$${cost}$${clearBits(salt, 4)}${clearBits(digest, 2)}`;
  return isArgon2id(text) ? text : null;
}

function clearBits(text: string, bits: number): string {
  const last = BCRYPT_ALPHABET.indexOf(text.slice(-1));
  return text.slice(0, -1) + BCRYPT_ALPHABET.charAt((last >> bits) << bits);
}

function isArgon2id(text: string): boolean {
  const [memory = 0, passes = 0, lanes = 0] = ARGON2ID.exec(text)?.slice(1).map(Number) ?? [];
  if (lanes === 0 || memory > MOST_MEMORY || passes > MOST_PASSES || lanes > MOST_LANES) return false;
  try {
    parseOptions(text);
    return true;
  } catch {
    // Its base64 is none, or it has less than 8 KiB a lane (RFC 9106, section 3.1).
    return false;
  }
}
