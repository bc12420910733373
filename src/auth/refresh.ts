import type { Caller } from '../caller.ts';
import type { AuthFunctions } from '../db/auth-functions.ts';
import { AppError } from '../errors/app-error.ts';
import type { ConfirmRevocation } from '../revocation/confirm.ts';
import type { AccessTokens } from '../tokens/access-token-issuer.ts';
import { hashRefreshToken } from '../tokens/refresh-token.ts';
import type { RefreshTokens } from '../tokens/refresh-token.ts';
import type { SessionTokens } from './session-tokens.ts';

export type RefreshDeps = {
  readonly auth: Pick<AuthFunctions, 'consumeRefreshToken'>;
  readonly accessTokens: Pick<AccessTokens, 'plan' | 'issue'>;
  readonly refreshTokens: Pick<RefreshTokens, 'parse' | 'successor'>;
  readonly confirmRevocation: ConfirmRevocation;
  /** Milliseconds. */
  readonly refreshLifetime: number;
  readonly grace: number;
};

export type RefreshInput = { readonly refreshToken: string };
export type Refreshed = { readonly tokens: SessionTokens; readonly outcome: 'rotated' | 'replayed' };

/** Trades a refresh token for a new pair. One call of one function: it decides, writes and records under the session's lock. */
export function createRefresh(deps: RefreshDeps) {
  return async function refresh(input: RefreshInput, _caller: Caller): Promise<Refreshed> {
    const presented = deps.refreshTokens.parse(input.refreshToken);
    if (!presented) throw new AppError('REFRESH_TOKEN_UNKNOWN');

    const successor = deps.refreshTokens.successor(presented);
    const plan = deps.accessTokens.plan();
    const consumed = await deps.auth.consumeRefreshToken({
      tokenHash: hashRefreshToken(presented),
      sessionId: presented.sessionId,
      generation: presented.generation,
      successorHash: hashRefreshToken(successor),
      grace: deps.grace,
      expiresAt: new Date(plan.issuedAt.getTime() + deps.refreshLifetime),
      accessExpiresAt: plan.expiresAt,
    });

    switch (consumed.outcome) {
      case 'reused':
        // The session is ended and that is committed; the thief's access token has to be dead everywhere before we answer.
        if (consumed.revocation) await deps.confirmRevocation(consumed.revocation);
        throw new AppError('REFRESH_TOKEN_REUSED');
      case 'expired':
        throw new AppError('REFRESH_TOKEN_EXPIRED');
      case 'ended':
        throw new AppError('SESSION_ENDED');
      case 'unknown':
        throw new AppError('REFRESH_TOKEN_UNKNOWN');
      case 'rotated':
      case 'replayed':
    }

    const { userId, roles, expiresAt, outcome } = consumed;
    if (!userId || !expiresAt) throw new Error('auth.consume_refresh_token returned a rotation without its user.');
    const { sessionId } = presented;
    return {
      outcome,
      tokens: {
        sessionId,
        accessToken: await deps.accessTokens.issue(plan, { userId, sessionId, roles }),
        accessExpiresAt: plan.expiresAt,
        refreshToken: successor.text,
        refreshExpiresAt: expiresAt,
      },
    };
  };
}

export type Refresh = ReturnType<typeof createRefresh>;
