import type { Clock } from '../clock.ts';
import { parseCompactJws } from './compact-jws.ts';
import type { CompactJws } from './compact-jws.ts';
import { parseClaims } from './access-token-claims.ts';
import { verifyJws } from './jws-signature.ts';
import type { VerificationKey, VerificationKeys } from './verification-key.ts';

/** What a verified access token says. Times are epoch milliseconds. */
export type VerifiedToken = {
  readonly userId: string;
  readonly sessionId: string;
  readonly tokenId: string;
  readonly roles: readonly string[];
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly kid: string;
};

export type TokenRefusal =
  'TOKEN_MALFORMED' | 'TOKEN_KEY_UNKNOWN' | 'TOKEN_SIGNATURE_INVALID' | 'TOKEN_CLAIMS_INVALID' | 'TOKEN_EXPIRED';

/** Verifies an access token by itself: form, signature, claims, time. Says nothing of revocation. */
export type VerifyAccessToken = (text: string) => VerifiedToken | TokenRefusal;

/** How far clocks may differ, in milliseconds. */
export const LEEWAY = 5000;
/** The longest text that is looked at, in characters. */
export const LONGEST_TOKEN = 8192;

type Deps = {
  readonly keys: VerificationKeys;
  readonly clock: Pick<Clock, 'now'>;
  readonly issuer: string;
  readonly audience: string;
};

/**
 * Verification is synchronous: the asynchronous forms (and so jose's) share four threads with bcrypt, and wait for seconds
 * behind a storm of logins.
 */
export function createAccessTokenVerifier({ keys, clock, issuer, audience }: Deps): VerifyAccessToken {
  return (text) => {
    const jws = parseToken(text);
    // RFC 8725, sections 3.1 and 3.11: our own key decides the algorithm, and the type is told from other JWTs'.
    if (!jws || jws.header['typ'] !== 'at+jwt' || 'crit' in jws.header) return 'TOKEN_MALFORMED';

    const key = findKey(jws, keys);
    if (!key) return 'TOKEN_KEY_UNKNOWN';
    if (!isSignedBy(key, jws)) return 'TOKEN_SIGNATURE_INVALID';

    const claims = parseClaims(jws.payload, { issuer, audience });
    const now = clock.now();
    if (!claims || claims.issuedAt > now + LEEWAY) return 'TOKEN_CLAIMS_INVALID';
    if (claims.expiresAt + LEEWAY <= now) return 'TOKEN_EXPIRED';
    return { ...claims, kid: key.kid };
  };
}

// The steps, which a token is explained by, too: access-token-inspector.ts.

export function parseToken(text: string): CompactJws | null {
  return text.length <= LONGEST_TOKEN ? parseCompactJws(text) : null;
}

export function findKey<Key extends VerificationKey>(
  { header }: CompactJws,
  keys: VerificationKeys<Key>,
): Key | undefined {
  const kid = header['kid'];
  return typeof kid === 'string' ? keys.find(kid) : undefined;
}

export function isSignedBy(key: VerificationKey, { header, signingInput, signature }: CompactJws): boolean {
  return header['alg'] === key.algorithm && verifyJws(key, signingInput, signature);
}
