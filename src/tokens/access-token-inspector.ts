import { readClaims } from './access-token-claims.ts';
import type { ReadClaims } from './access-token-claims.ts';
import { findKey, isSignedBy, parseToken } from './access-token-verifier.ts';
import type { KeyRing } from './key-ring.ts';
import type { SigningKey } from './signing-key.ts';

/** What can be read of a text, whatever is wrong with it. */
type InspectedToken = {
  /** The key id in its header, which nothing vouches for; null: it has none, or is no token. */
  readonly kid: string | null;
  /** Our key of this id. */
  readonly key: SigningKey | null;
  /** What it says; null unless our key has signed it. */
  readonly claims: ReadClaims | null;
};

/** Looks into an access token to explain what becomes of it. It decides nothing: that is the verifier's. */
export type InspectAccessToken = (text: string) => InspectedToken;

/** Goes the verifier's own steps, and on where the verifier has refused: only a wrong signature ends the reading. */
export function createAccessTokenInspector({ keys }: { readonly keys: Pick<KeyRing, 'find'> }): InspectAccessToken {
  return (text) => {
    const jws = parseToken(text);
    if (!jws) return { kid: null, key: null, claims: null };
    const kid = jws.header['kid'];
    const key = findKey(jws, keys) ?? null;
    return {
      kid: typeof kid === 'string' ? kid : null,
      key,
      claims: key && isSignedBy(key, jws) ? readClaims(jws.payload) : null,
    };
  };
}
