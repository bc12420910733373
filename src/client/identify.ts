import { bearerToken } from './bearer.ts';
import { VerificationUnavailableError } from './errors.ts';
import type { TokenVerifier } from './token-verifier.ts';
import { tokenProblem } from './verification.ts';
import type { Principal, TokenProblem } from './verification.ts';

/** What the middleware for servers needs of a verifier; one that asks the server for every token does as well. */
export type Verify = Pick<TokenVerifier, 'verify'>;

/** Who calls, as the servers' middleware hands it on; `isPrincipalStale` as `isStale` of a Verification. */
export type WithPrincipal = { readonly principal: Principal; readonly isPrincipalStale: boolean };
/** The same where a call may come without a token. */
export type WithOptionalPrincipal = { readonly principal: Principal | null; readonly isPrincipalStale: boolean };

export type AuthenticateOptions = {
  /** Whether a call without an access token is let through, with `principal: null`. One that is presented must be live. */
  readonly optional?: boolean;
};

/** Who calls, or why he is not let through. */
export type Identity =
  WithOptionalPrincipal | { readonly problem: TokenProblem } | { readonly unavailable: VerificationUnavailableError };

/** Who is not let through. */
export type Refused = Exclude<Identity, WithOptionalPrincipal>;

/** @param header the `authorization` of the call */
export async function identify(
  verifier: Verify,
  header: string | undefined,
  { optional = false }: AuthenticateOptions,
): Promise<Identity> {
  const token = bearerToken(header);
  if (token === null) {
    return optional ? { principal: null, isPrincipalStale: false } : { problem: tokenProblem('TOKEN_MISSING') };
  }
  try {
    const verification = verifier.verify(token);
    const { principal, problem, isStale } = verification instanceof Promise ? await verification : verification;
    return principal ? { principal, isPrincipalStale: isStale } : { problem };
  } catch (error) {
    if (error instanceof VerificationUnavailableError) return { unavailable: error };
    throw error;
  }
}
