import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { JsonWebKey, KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';
import type { StoredSigningKey } from '../db/auth-functions.ts';
import type { KeyCipher } from './key-cipher.ts';
import type { SigningAlgorithm, VerificationKey } from './verification-key.ts';

/** A key pair with its times, in epoch milliseconds. Its `kid` is the JWK thumbprint of the public key (RFC 7638). */
export type SigningKey = VerificationKey & {
  readonly privateKey: KeyObject;
  /** With kid, alg and use. */
  readonly publicJwk: Readonly<Record<string, string>>;
  readonly createdAt: number;
  readonly activeFrom: number;
  /** When it stops verifying; null: not known yet. */
  readonly retiredAt: number | null;
};

export async function generateSigningKey(algorithm: SigningAlgorithm) {
  const pair = await generateKeyPair(algorithm, { extractable: true, modulusLength: 2048 });
  const jwk = await exportJWK(pair.publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  return {
    kid,
    algorithm,
    publicJwk: { ...jwk, kid, alg: algorithm, use: 'sig' },
    privateJwk: await exportJWK(pair.privateKey),
  };
}

export type { SigningAlgorithm };

/** @throws when the row cannot be opened with this cipher */
export function openSigningKey(stored: StoredSigningKey, cipher: KeyCipher): SigningKey {
  const privateJwk = JSON.parse(cipher.open(stored.encryptedPrivateKey, stored.kid).toString('utf8')) as JsonWebKey;
  return {
    kid: stored.kid,
    algorithm: stored.algorithm,
    privateKey: createPrivateKey({ key: privateJwk, format: 'jwk' }),
    publicKey: createPublicKey({ key: stored.publicJwk, format: 'jwk' }),
    publicJwk: stored.publicJwk,
    createdAt: stored.createdAt.getTime(),
    activeFrom: stored.activeFrom.getTime(),
    retiredAt: stored.retiredAt?.getTime() ?? null,
  };
}
