import type { TokenPair } from '../../gen/web/auth/v1/token_pb.js';

/** The access token, as the page holds it: in memory, and nowhere else. */
export type HeldToken = {
  readonly accessToken: string;
  readonly sessionId: string;
  readonly userId: string;
  /** For what the page offers. What is allowed the service decides, each time. */
  readonly roles: readonly string[];
  /** By the page's own watch, `performance.now()`. */
  readonly endsAt: number;
};

type Claims = { readonly sub: string; readonly roles: readonly string[]; readonly iat: number; readonly exp: number };

export function holdToken({ accessToken, sessionId }: TokenPair, now: number): HeldToken {
  const { sub, roles, iat, exp } = claimsOf(accessToken);
  // Its lifetime, not its end: the clock of the browser may be off by years.
  return { accessToken, sessionId, userId: sub, roles, endsAt: now + (exp - iat) * 1000 };
}

/** Read, not verified: it has just come from who has signed it. */
function claimsOf(accessToken: string): Claims {
  const payload = (accessToken.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
  const bytes = Uint8Array.from(atob(payload), (character) => character.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes)) as Claims;
}
