import type { AccessTokenPlan } from '../tokens/access-token-issuer.ts';

/** What a caller gets at the beginning of a session and at every refresh. */
export type SessionTokens = {
  readonly sessionId: string;
  readonly accessToken: string;
  readonly accessExpiresAt: Date;
  readonly refreshToken: string;
  readonly refreshExpiresAt: Date;
};

/** Whom the tokens are for. */
export type SessionUser = {
  readonly userId: string;
  readonly roles: readonly string[];
  readonly tokens: SessionTokens;
};

/** Somebody who has shown that the account is his, on a device that is known from then on. */
export type SignedInUser = SessionUser & { readonly deviceToken: string };

/** When a refresh token that is issued now ends: never after its session. */
export function refreshExpiry(plan: AccessTokenPlan, refreshLifetime: number, sessionExpiresAt: number): Date {
  return new Date(Math.min(plan.issuedAt.getTime() + refreshLifetime, sessionExpiresAt));
}
