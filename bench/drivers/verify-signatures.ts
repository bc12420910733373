import { createPublicKey, verify } from 'node:crypto';
import type { JsonWebKey } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { closedLoop } from './closed-loop.ts';
import { drive } from './drive.ts';

/** The signatures of access tokens, checked by node:crypto and nothing else: no parsing, no claims, no revocations. */
export type VerifySignatures = {
  /** An Ed25519 key: the default. */
  readonly publicJwk: JsonWebKey;
  readonly accessTokens: readonly string[];
  /** Signatures of one call. */
  readonly tokensPerCall: number;
};

drive<VerifySignatures>(async ({ publicJwk, accessTokens, tokensPerCall }) => {
  const key = createPublicKey({ key: publicJwk, format: 'jwk' });
  const signed = accessTokens.map((accessToken) => {
    const end = accessToken.lastIndexOf('.');
    return {
      input: Buffer.from(accessToken.slice(0, end), 'ascii'),
      signature: Buffer.from(accessToken.slice(end + 1), 'base64url'),
    };
  });
  let next = 0;
  return closedLoop({
    lanes: 1,
    async call() {
      for (const end = next + tokensPerCall; next < end; next++) {
        const token = signed[next % signed.length];
        if (!token || !verify(null, token.input, key, token.signature)) throw new Error('A right signature is wrong.');
      }
      await setImmediate();
    },
  });
});
