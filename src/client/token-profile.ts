import { createPublicKey } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { JsonWebKey } from '../gen/auth/v1/keys_service.ts';
import type { TokenProfile as ProfileMessage } from '../gen/auth/v1/revocations_service.ts';
import { createAccessTokenVerifier } from '../tokens/access-token-verifier.ts';
import type { VerifyAccessToken } from '../tokens/access-token-verifier.ts';
import type { SigningAlgorithm, VerificationKey } from '../tokens/verification-key.ts';
import { cacheVerifiedTokens } from '../tokens/verified-token-cache.ts';
import { toMilliseconds } from './duration.ts';

/** How tokens are verified, as the service said last. Until it has said anything, every key is unknown. */
export type TokenProfile = {
  readonly verify: VerifyAccessToken;
  readonly isKnown: () => boolean;
  /** Milliseconds. */
  readonly longestLifetime: () => number;
  /** What is not in it any more verifies nothing any more. */
  readonly replace: (message: ProfileMessage) => void;
};

type Deps = {
  readonly clock: Pick<Clock, 'now'>;
  /** Verified tokens kept; 0: none. */
  readonly cacheSize: number;
  readonly onProblem: (error: unknown) => void;
};

type ProfileKey = VerificationKey & { readonly jwk: string };

/** For revocations that come before anything is known: a day. */
const UNKNOWN_LIFETIME = 24 * 60 * 60_000;

export function createTokenProfile({ clock, cacheSize, onProblem }: Deps): TokenProfile {
  let keys: ReadonlyMap<string, ProfileKey> = new Map();
  let claims = { issuer: '', audience: '' };
  let longestLifetime = UNKNOWN_LIFETIME;
  let isKnown = false;
  let verify = createVerify();

  function createVerify(): VerifyAccessToken {
    const ring = { find: (kid: string) => keys.get(kid) };
    const verifyAlone = createAccessTokenVerifier({ keys: ring, clock, ...claims });
    return cacheVerifiedTokens({ verify: (text) => frozen(verifyAlone(text)), keys: ring, clock, size: cacheSize });
  }

  function read(jwk: JsonWebKey): ProfileKey[] {
    try {
      return [toKey(jwk)];
    } catch (error) {
      // The service may come to use what this version does not know; its other keys are as good as before.
      onProblem(error);
      return [];
    }
  }

  return {
    verify: (text) => verify(text),
    isKnown: () => isKnown,
    longestLifetime: () => longestLifetime,
    replace(message) {
      const known = keys;
      keys = new Map(message.keys.flatMap(read).map((key) => [key.kid, key]));
      const isOther =
        claims.issuer !== message.issuer ||
        claims.audience !== message.audience ||
        [...keys.values()].some(({ kid, jwk }) => (known.get(kid)?.jwk ?? jwk) !== jwk);
      claims = { issuer: message.issuer, audience: message.audience };
      longestLifetime = toMilliseconds(message.longestLifetime) ?? UNKNOWN_LIFETIME;
      isKnown = true;
      // What was verified by another profile is verified again.
      if (isOther) verify = createVerify();
    },
  };
}

/** It is handed to many callers: none of them may change what the others get. */
function frozen<Result extends ReturnType<VerifyAccessToken>>(result: Result): Result {
  if (typeof result !== 'string') Object.freeze(Object.freeze(result).roles);
  return result;
}

/** The type of key that each algorithm is for; a key of another would verify by another. */
const KEY_TYPES: { readonly [A in SigningAlgorithm]: string } = { EdDSA: 'ed25519', ES256: 'ec', RS256: 'rsa' };

/** @throws for a key that this version cannot use */
function toKey(message: JsonWebKey): ProfileKey {
  const { kid, alg } = message;
  const filled = Object.fromEntries(Object.entries(message).filter(([, value]) => value !== ''));
  const publicKey = createPublicKey({ key: filled, format: 'jwk' });
  const { asymmetricKeyType, asymmetricKeyDetails } = publicKey;
  if (kid === '' || !isAlgorithm(alg) || KEY_TYPES[alg] !== asymmetricKeyType) {
    throw new TypeError(`The key ${kid} is of no use here: ${alg} with a key of type ${asymmetricKeyType ?? 'none'}.`);
  }
  if (alg === 'ES256' && asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new TypeError(`The key ${kid} is of no use here: its curve is not that of ES256.`);
  }
  return { kid, algorithm: alg, publicKey, jwk: JSON.stringify(filled) };
}

function isAlgorithm(name: string): name is SigningAlgorithm {
  return Object.hasOwn(KEY_TYPES, name);
}
