import type { VerifiedToken } from '../tokens/access-token-verifier.ts';

/** Whom a live access token speaks for. Times are epoch milliseconds. */
export type Principal = Readonly<Omit<VerifiedToken, 'kid'>>;

/** Why a token is not accepted, by the names of the catalogue. */
export type TokenReason = keyof typeof MESSAGES;

/** A reason, and the same in a sentence for people. Branch on the reason, never on the sentence. */
export type TokenProblem = { readonly reason: TokenReason; readonly message: string };

/**
 * What became of a token: a principal, or a problem that carries nothing of the token.
 *
 * `isStale` is true only where the verifier was made with `whenStale: 'flag'`, its knowledge of revocations is older than
 * `maxStaleness`, and the server could not be asked: the token may have been revoked since.
 */
export type Verification =
  | { readonly principal: Principal; readonly problem?: never; readonly isStale: boolean }
  | { readonly principal?: never; readonly problem: TokenProblem; readonly isStale: boolean };

/** The words of the service itself, for answers that it was not asked for. */
const MESSAGES = {
  TOKEN_MISSING: 'An access token is needed.',
  TOKEN_MALFORMED: 'The access token is malformed.',
  TOKEN_KEY_UNKNOWN: 'The access token is signed with an unknown key.',
  TOKEN_SIGNATURE_INVALID: 'The signature of the access token is wrong.',
  TOKEN_CLAIMS_INVALID: 'The access token is not meant for this service.',
  TOKEN_EXPIRED: 'The access token has expired.',
  TOKEN_REVOKED: 'The access token has been revoked.',
} as const;

export function tokenProblem(reason: TokenReason): TokenProblem {
  return { reason, message: MESSAGES[reason] };
}

/** The reason of a problem that came over the wire; null for one that this version does not know. */
export function tokenReason(name: string): TokenReason | null {
  return Object.hasOwn(MESSAGES, name) ? (name as TokenReason) : null;
}
