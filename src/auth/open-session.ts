import { randomUUID } from 'node:crypto';
import type { Caller } from '../caller.ts';
import type { DatabaseFunctions } from '../db/functions.ts';
import type { AccessTokenPlan, AccessTokens } from '../tokens/access-token-issuer.ts';
import { hashRefreshToken } from '../tokens/refresh-token.ts';
import type { RefreshToken, RefreshTokens } from '../tokens/refresh-token.ts';
import type { SessionTokens } from './session-tokens.ts';
import { refreshExpiry } from './session-tokens.ts';

type OpenSessionDeps = {
  readonly accessTokens: Pick<AccessTokens, 'plan' | 'issue'>;
  readonly refreshTokens: Pick<RefreshTokens, 'first'>;
  /** Milliseconds. */
  readonly refreshLifetime: number;
  readonly sessionLifetime: number;
};

/** A session that is written; its tokens are not signed yet. */
export type OpenedSession = {
  readonly plan: AccessTokenPlan;
  readonly sessionId: string;
  readonly roles: readonly string[];
  readonly refreshToken: RefreshToken;
  readonly refreshExpiresAt: Date;
};

/** Begins a session inside a transaction of the caller. Shared by everything that signs somebody in. */
export function createOpenSession({ accessTokens, refreshTokens, refreshLifetime, sessionLifetime }: OpenSessionDeps) {
  return {
    /**
     * Writes the session and its refresh token; null for a user who is not active any more, or whose password is not the one
     * any more whose hash is given.
     */
    async write(
      { auth }: Pick<DatabaseFunctions, 'auth'>,
      input: { userId: string; interface: string | null; passwordHash?: string | null; seed?: string | undefined },
      caller: Caller,
    ): Promise<OpenedSession | null> {
      const sessionId = randomUUID();
      const planned = accessTokens.plan();
      const sessionExpiresAt = planned.issuedAt.getTime() + Math.floor(sessionLifetime / 1000) * 1000;
      // No token of a session outlives it.
      const plan = { ...planned, expiresAt: new Date(Math.min(planned.expiresAt.getTime(), sessionExpiresAt)) };
      const roles = await auth.createSession({
        userId: input.userId,
        sessionId,
        interface: input.interface,
        userAgent: caller.userAgent,
        ip: caller.address,
        expiresAt: new Date(sessionExpiresAt),
        accessExpiresAt: plan.expiresAt,
        passwordHash: input.passwordHash ?? null,
      });
      if (!roles) return null;
      const refreshToken = refreshTokens.first(sessionId, input.seed, caller.clientKey);
      const refreshExpiresAt = refreshExpiry(plan, refreshLifetime, sessionExpiresAt);
      await auth.createRefreshToken({
        userId: input.userId,
        tokenHash: hashRefreshToken(refreshToken),
        expiresAt: refreshExpiresAt,
        sessionId,
      });
      return { plan, sessionId, roles, refreshToken, refreshExpiresAt };
    },

    /** Signs the tokens of a session; called after the commit, as nothing may be given out that is not stored. */
    async sign(userId: string, opened: OpenedSession): Promise<SessionTokens> {
      const { plan, sessionId, roles, refreshToken, refreshExpiresAt } = opened;
      return {
        sessionId,
        accessToken: await accessTokens.issue(plan, { userId, sessionId, roles }),
        accessExpiresAt: plan.expiresAt,
        refreshToken: refreshToken.text,
        refreshExpiresAt,
      };
    },
  };
}

export type OpenSession = ReturnType<typeof createOpenSession>;
