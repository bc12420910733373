import { hkdfSync } from 'node:crypto';

/** What the master key is split into: one key a purpose (HKDF, RFC 5869), so that none can stand in for another. */
type KeyPurpose =
  | 'signing-key-encryption'
  | 'refresh-token'
  | 'refresh-token-salt'
  | 'registration-digest'
  | 'device-token'
  | 'challenge-secret'
  | 'challenge-code-hash'
  | 'page-token'
  | 'dpop-nonce';

/** @returns 32 bytes */
export function deriveSubkey(masterKey: Buffer, purpose: KeyPurpose): Buffer {
  return Buffer.from(hkdfSync('sha256', masterKey, Buffer.alloc(0), `auth-service/${purpose}/v1`, 32));
}
