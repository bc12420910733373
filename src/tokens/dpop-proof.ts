import type { Clock } from '../clock.ts';
import { readClientKey } from './client-key.ts';
import { parseCompactJws } from './compact-jws.ts';
import { NONCE_LIFETIME } from './dpop-nonce.ts';
import type { DpopNonces } from './dpop-nonce.ts';
import { verifyJws } from './jws-signature.ts';

/** Of an HTTP request: what a proof must be made for. */
type ProvedRequest = {
  readonly method: string;
  /** By which the request may have been sent, without queries. */
  readonly urls: readonly string[];
};

/** Why a proof proves nothing. The metadata is public: words of ours, and nothing of the proof. */
type Refusal = {
  readonly reason: 'DPOP_PROOF_INVALID' | 'DPOP_NONCE_REQUIRED';
  readonly metadata: Readonly<Record<string, string>>;
};

/** The thumbprint of the key that a client proves to hold. */
export type VerifyDpopProof = (proof: string, request: ProvedRequest) => { readonly clientKey: string } | Refusal;

/** The longest header that is looked at, in characters: one with an ES256 key has about 400. */
const LONGEST_PROOF = 4096;
const LONGEST_ID = 256;
/** How far the clock of a client may be off, in milliseconds, if it shows no nonce. */
const LARGEST_DIFFERENCE = NONCE_LIFETIME;

const TYPE = 'dpop+jwt';
/** `Ed25519` is what RFC 9864 calls EdDSA with that curve. */
const ALGORITHMS = new Map([
  ['ES256', 'ES256'],
  ['EdDSA', 'EdDSA'],
  ['Ed25519', 'EdDSA'],
] as const);

type Deps = { readonly nonces: Pick<DpopNonces, 'isGood'>; readonly clock: Pick<Clock, 'now'> };

/**
 * Verifies proofs of possession of a key (RFC 9449, section 4.3). Synchronous, as is the verifier of access tokens, and for the
 * same reason. Ids are not remembered: within its minutes a proof can be used again, for the same call.
 */
export function createDpopProofVerifier({ nonces, clock }: Deps): VerifyDpopProof {
  function isTimely(issuedAt: number, nonce: string | undefined): boolean {
    // A nonce says when the proof was made, by our own clock: whoever has one may believe it is 2001.
    if (nonce !== undefined && nonces.isGood(nonce)) return true;
    return Math.abs(issuedAt * 1000 - clock.now()) <= LARGEST_DIFFERENCE;
  }

  return (proof, { method, urls }) => {
    if (proof === '') return invalid('dpop', 'a proof in this header');
    const jws = proof.length <= LONGEST_PROOF ? parseCompactJws(proof) : null;
    if (!jws) return invalid('jws', `one compact JWS of at most ${LONGEST_PROOF} characters`);
    const { typ, alg, jwk, crit } = jws.header;
    if (typ !== TYPE) return invalid('typ', TYPE);
    const algorithm = ALGORITHMS.get(alg as 'ES256');
    if (!algorithm) return invalid('alg', [...ALGORITHMS.keys()].join(', '));
    if (crit !== undefined) return invalid('crit', 'not there');
    const key = readClientKey(jwk, algorithm);
    if (!key) return invalid('jwk', 'the public key, of the kind that alg names');
    if (!verifyJws(key, jws.signingInput, jws.signature)) return invalid('signature', 'by the key in jwk');

    const { htm, htu, iat, jti, nonce } = jws.payload;
    if (htm !== method) return invalid('htm', method);
    if (typeof htu !== 'string' || !urls.includes(normalUrl(htu) ?? '')) return invalid('htu', urls.join(', '));
    if (typeof jti !== 'string' || jti.length < 1 || jti.length > LONGEST_ID) {
      return invalid('jti', `a text of 1 to ${LONGEST_ID} characters`);
    }
    if (typeof iat !== 'number') return invalid('iat', 'a number of seconds');
    if (nonce !== undefined && typeof nonce !== 'string') return invalid('nonce', 'a text');
    return isTimely(iat, nonce) ? { clientKey: key.thumbprint } : { reason: 'DPOP_NONCE_REQUIRED', metadata: {} };
  };
}

/** @param part the header, the text in it, or a part of that by its name (RFC 9449, section 4.2; RFC 7515, section 4.1) */
function invalid(part: string, expected: string): Refusal {
  return { reason: 'DPOP_PROOF_INVALID', metadata: { part, expected } };
}

/** As URLs are compared (RFC 9449, section 4.3: RFC 3986, section 6.2.2 and 6.2.3), without query and fragment. */
function normalUrl(text: string): string | null {
  const url = URL.parse(text);
  return url && url.username === '' && url.password === '' ? url.origin + url.pathname : null;
}
