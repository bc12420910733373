import { sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { SigningAlgorithm, VerificationKey } from './verification-key.ts';

/**
 * Signatures of JWS (RFC 7518, section 3; RFC 8037), by the key's own algorithm and no other.
 *
 * Signing with an EdDSA or ES256 key takes 20 to 30 microseconds and is done at once: on the way over libuv's four threads,
 * which bcrypt uses too, it takes twice as long and waits behind hashes. RSA takes more than half a millisecond, which the
 * event loop is not made to wait for.
 */
export function signJws(
  key: { readonly algorithm: SigningAlgorithm; readonly privateKey: KeyObject },
  input: Buffer,
): Buffer | Promise<Buffer> {
  switch (key.algorithm) {
    case 'EdDSA':
      return sign(null, input, key.privateKey);
    case 'ES256':
      return sign('sha256', input, { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
    case 'RS256':
      return promisify(sign)('sha256', input, key.privateKey);
  }
}

/** Synchronous for all: verifying is quick, and must not wait behind hashes. */
export function verifyJws(key: Omit<VerificationKey, 'kid'>, input: Buffer, signature: Buffer): boolean {
  switch (key.algorithm) {
    case 'EdDSA':
      return verify(null, input, key.publicKey, signature);
    case 'ES256':
      return verify('sha256', input, { key: key.publicKey, dsaEncoding: 'ieee-p1363' }, signature);
    case 'RS256':
      return verify('sha256', input, key.publicKey, signature);
  }
}
