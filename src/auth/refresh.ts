import type { Caller } from '../caller.ts';
import type { AuthFunctions } from '../db/auth-functions.ts';
import { AppError } from '../errors/app-error.ts';
import { cleanText } from '../errors/clean-text.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import type { ConfirmRevocation } from '../revocation/confirm.ts';
import type { AccessTokens } from '../tokens/access-token-issuer.ts';
import { hashRefreshToken } from '../tokens/refresh-token.ts';
import type { RefreshTokens } from '../tokens/refresh-token.ts';
import type { SessionTokens } from './session-tokens.ts';

type RefreshDeps = {
  readonly auth: Pick<AuthFunctions, 'consumeRefreshToken' | 'noteRefusedRefresh'>;
  readonly accessTokens: Pick<AccessTokens, 'plan' | 'issue'>;
  readonly refreshTokens: Pick<RefreshTokens, 'parse' | 'successor' | 'ofGeneration'>;
  readonly confirmRevocation: ConfirmRevocation;
  /** Milliseconds. */
  readonly refreshLifetime: number;
  readonly grace: number;
};

type RefreshInput = { readonly refreshToken: string };
type Refreshed = { readonly tokens: SessionTokens; readonly outcome: 'rotated' | 'replayed' };

/** More than three times what a token of ours has. What is longer, or is no clean text, is a mistake of the client's, not a token. */
const LONGEST_TEXT = 512;

/** Trades a refresh token for a new pair. One call of one function: it decides, writes and records under the session's lock. */
export function createRefresh(deps: RefreshDeps) {
  return async function refresh(input: RefreshInput, caller: Caller): Promise<Refreshed> {
    const check = createFieldCheck();
    const text = check.accept(
      'refresh_token',
      cleanText(input.refreshToken, 1, LONGEST_TEXT),
      `must have 1 to ${LONGEST_TEXT} characters, none of them a control character`,
    );
    check.throwIfAny();
    const presented = deps.refreshTokens.parse(text);
    if (!presented) throw new AppError('REFRESH_TOKEN_UNKNOWN');
    // RFC 9449, section 5. The session goes on: its owner still has the token and the key, and only a copy has come here. An unbound
    // token stays unbound, whatever is proved: whoever has it would bind it to a key of his own.
    if (presented.clientKey !== null && presented.clientKey !== caller.clientKey) {
      await deps.auth.noteRefusedRefresh(presented.sessionId);
      throw new AppError('REFRESH_TOKEN_BOUND');
    }

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
      isBound: presented.clientKey !== null,
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

    const { userId, roles, expiresAt, accessExpiresAt, outcome, generation } = consumed;
    if (!userId || !expiresAt || !accessExpiresAt || generation === null)
      throw new Error('auth.consume_refresh_token returned a rotation without its user.');
    const { sessionId } = presented;
    // A bound token may be older than the predecessor: then other tabs have gone further.
    const isNext = generation === successor.generation;
    const refreshToken = isNext ? successor : deps.refreshTokens.ofGeneration(presented, generation);
    return {
      outcome,
      tokens: {
        sessionId,
        accessToken: await deps.accessTokens.issue(
          { ...plan, expiresAt: accessExpiresAt },
          { userId, sessionId, roles },
        ),
        accessExpiresAt,
        refreshToken: refreshToken.text,
        refreshExpiresAt: expiresAt,
      },
    };
  };
}

export type Refresh = ReturnType<typeof createRefresh>;
