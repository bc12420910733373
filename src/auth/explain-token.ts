import type { SignedInCaller } from '../caller.ts';
import type { AuthFunctions, StoredRevocation, StoredSession } from '../db/auth-functions.ts';
import { cleanText } from '../errors/clean-text.ts';
import type { ReadClaims } from '../tokens/access-token-claims.ts';
import type { InspectAccessToken } from '../tokens/access-token-inspector.ts';
import { LONGEST_TOKEN } from '../tokens/access-token-verifier.ts';
import type { TokenRefusal } from '../tokens/access-token-verifier.ts';
import type { SigningKey } from '../tokens/signing-key.ts';
import type { ValidateToken } from './validate-token.ts';

type ExplainTokenDeps = {
  readonly validateToken: Pick<ValidateToken, 'one'>;
  readonly inspect: InspectAccessToken;
  readonly auth: Pick<AuthFunctions, 'explainToken'>;
};

export type ExplainedToken = {
  /** Why ValidateToken refuses it now; null: it accepts it. */
  readonly problem: TokenRefusal | 'TOKEN_REVOKED' | null;
  readonly claims: ReadClaims | null;
  readonly keyId: string | null;
  readonly key: Pick<SigningKey, 'algorithm' | 'activeFrom' | 'retiredAt'> | null;
  readonly revocations: readonly StoredRevocation[];
  readonly session: StoredSession | null;
  readonly account: { readonly isActive: boolean } | null;
  readonly revision: number;
};

/** Says why a token is accepted or refused. The database notes who has asked about whom. */
export function createExplainToken({ validateToken, inspect, auth }: ExplainTokenDeps) {
  return async function explainToken(accessToken: string, { user }: SignedInCaller): Promise<ExplainedToken> {
    const validating = validateToken.one(accessToken, 'now');
    // In the same turn, and so with the same keys.
    const { kid, key, claims } = inspect(accessToken);
    let { validation } = await validating;
    const { revision, revocations, session, account } = await auth.explainToken({
      tokenId: claims?.tokenId ?? null,
      sessionId: claims?.sessionId ?? null,
      userId: claims?.userId ?? null,
      actor: user.userId,
    });
    if (typeof validation !== 'string' && revocations.length > 0) {
      // Revoked after the first question. The answer is about one moment.
      ({ validation } = await validateToken.one(accessToken, 'now'));
    }
    return {
      problem: typeof validation === 'string' ? validation : null,
      claims,
      // It may come from anybody, and somebody will look at it in a terminal.
      keyId: kid === null ? null : cleanText(kid, 1, LONGEST_TOKEN),
      key,
      revocations,
      session,
      account,
      revision,
    };
  };
}

export type ExplainToken = ReturnType<typeof createExplainToken>;
