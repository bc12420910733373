import { createPublicKey, hash } from 'node:crypto';
import type { JsonWebKey, KeyObject } from 'node:crypto';

/** The public key of a client, as far as it can be used here. */
type ClientKey = {
  readonly algorithm: 'ES256' | 'EdDSA';
  readonly publicKey: KeyObject;
  /** RFC 7638, with SHA-256: 43 characters of base64url. */
  readonly thumbprint: string;
};

/** The members that a thumbprint is made of (RFC 7638, section 3.2; RFC 8037, section 2), in their order. */
const MEMBERS = { ES256: ['crv', 'kty', 'x', 'y'], EdDSA: ['crv', 'kty', 'x'] } as const;
const KINDS = { ES256: { kty: 'EC', crv: 'P-256' }, EdDSA: { kty: 'OKP', crv: 'Ed25519' } } as const;

/**
 * Reads a public key as a JWK (RFC 7517); null for anything else, for a key of another algorithm, and for one whose owner shows
 * the private half of it.
 *
 * Not by jose: its hashes and keys go over the four threads that bcrypt uses too, and would wait behind a storm of logins.
 */
export function readClientKey(jwk: unknown, algorithm: ClientKey['algorithm']): ClientKey | null {
  if (typeof jwk !== 'object' || jwk === null || 'd' in jwk) return null;
  const { kty, crv } = KINDS[algorithm];
  // The type as well: an RSA key that names a curve is read as an RSA key, and all of those would have one thumbprint.
  if (!('kty' in jwk) || jwk.kty !== kty || !('crv' in jwk) || jwk.crv !== crv) return null;
  try {
    const publicKey = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
    // What is written down in other ways is the same key: its coordinates are those that were understood.
    const understood = publicKey.export({ format: 'jwk' });
    const members = Object.fromEntries(MEMBERS[algorithm].map((name) => [name, understood[name]]));
    return { algorithm, publicKey, thumbprint: hash('sha256', JSON.stringify(members), 'base64url') };
  } catch {
    return null;
  }
}
