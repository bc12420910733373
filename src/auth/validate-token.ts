import type { Replica } from '../revocation/replica.ts';
import type { RevocationView } from '../revocation/view.ts';
import type { TokenRefusal, VerifiedToken, VerifyAccessToken } from '../tokens/access-token-verifier.ts';

export type ValidateTokenDeps = {
  readonly verify: VerifyAccessToken;
  readonly replica: Pick<Replica, 'isFresh' | 'refresh'>;
  readonly revocations: Pick<RevocationView, 'isRevoked'>;
};

/** The token that is live, or why it is not. */
export type Validation = VerifiedToken | TokenRefusal | 'TOKEN_REVOKED';

/**
 * Decides whether an access token is live now.
 * @throws DEPENDENCY_UNAVAILABLE when this replica cannot know what has been revoked
 */
export function createValidateToken({ verify, replica, revocations }: ValidateTokenDeps) {
  return async function validateToken(accessToken: string): Promise<Validation> {
    const token = verify(accessToken);
    if (typeof token === 'string') return token;
    // Almost always fresh: then nothing is awaited and no network is touched.
    if (!replica.isFresh()) await replica.refresh();
    return revocations.isRevoked(token) ? 'TOKEN_REVOKED' : token;
  };
}

export type ValidateToken = ReturnType<typeof createValidateToken>;
