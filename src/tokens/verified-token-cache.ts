import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import { LEEWAY } from './access-token-verifier.ts';
import type { VerifiedToken, VerifyAccessToken } from './access-token-verifier.ts';
import type { VerificationKeys } from './verification-key.ts';

type Deps = {
  readonly verify: VerifyAccessToken;
  readonly keys: VerificationKeys;
  readonly clock: Pick<Clock, 'now'>;
  /** Tokens kept; 0: none. */
  readonly size: number;
};

/** Enough of an Ed25519, ES256 or RS256 signature to tell tokens apart: 16 characters are 96 bits. */
const KEY_CHARACTERS = 16;

/**
 * Remembers tokens that were verified: a hit costs a look-up instead of a signature check. Only good tokens are kept, so
 * nobody can fill it with rubbish. A hit still checks what changes with time: expiry, and that the key still verifies.
 */
export function cacheVerifiedTokens({ verify, keys, clock, size }: Deps): VerifyAccessToken {
  if (size === 0) return verify;
  const cache = new LRUCache<string, { readonly text: string; readonly token: VerifiedToken }>({ max: size });

  return (text) => {
    // Hashing the whole text would cost more than the rest: the key is the end of the signature, and a hit compares all.
    const key = text.slice(-KEY_CHARACTERS);
    const hit = cache.get(key);
    if (hit && hit.text === text && hit.token.expiresAt + LEEWAY > clock.now() && keys.find(hit.token.kid)) {
      return hit.token;
    }
    const result = verify(text);
    if (typeof result !== 'string') cache.set(key, { text, token: result });
    return result;
  };
}
