import type { KeyObject } from 'node:crypto';

export type SigningAlgorithm = 'EdDSA' | 'ES256' | 'RS256';

/** What a signature is checked with: all that a verifier outside of this service has of a signing key. */
export type VerificationKey = {
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  readonly publicKey: KeyObject;
};

/** Where a verifier finds its keys. */
export type VerificationKeys<Key extends VerificationKey = VerificationKey> = {
  /** A key that verifies now. */
  readonly find: (kid: string) => Key | undefined;
};
