import { setImmediate } from 'node:timers/promises';
import type { Replica } from '../revocation/replica.ts';
import type { WithCurrentRoles } from '../revocation/current-roles.ts';
import type { RevocationView } from '../revocation/view.ts';
import type { KeyRing } from '../tokens/key-ring.ts';
import type { TokenRefusal, VerifiedToken, VerifyAccessToken } from '../tokens/access-token-verifier.ts';

type ValidateTokenDeps = {
  readonly verify: VerifyAccessToken;
  readonly replica: Pick<Replica, 'isFresh' | 'refresh' | 'reach' | 'readNow'>;
  readonly revocations: Pick<RevocationView, 'isRevoked' | 'revision'>;
  readonly withCurrentRoles: WithCurrentRoles;
  readonly keys: Pick<KeyRing, 'find'>;
  /** Is told of every token that is found live, at some cost to each validation. */
  readonly noteActivity: (token: VerifiedToken) => void;
};

/** How fresh the view of revocations has to be: as the lease promises, at least a revision, or as of this call. */
export type Freshness = 'lease' | 'now' | { readonly revision: number };

/** The token that is live, with the roles that its user holds now, or why it is not. */
export type Validation = VerifiedToken | TokenRefusal | 'TOKEN_REVOKED';

/** The knowledge that an answer rests on; no source for tokens that are wrong by themselves. */
export type Knowledge = { readonly revision: number; readonly source: 'memory' | 'postgresql' | null };

/** Decides whether access tokens are live now. */
export type ValidateToken = {
  /**
   * For one token. Almost always decided at once: nothing is awaited and no network is touched.
   * @throws DEPENDENCY_UNAVAILABLE when this replica cannot know what has been revoked; REVISION_UNKNOWN
   */
  readonly one: (accessToken: string, freshness: Freshness) => Answer<Knowledge & { readonly validation: Validation }>;
  /** For several, by one and the same knowledge, in their order. @throws as above */
  readonly many: (
    accessTokens: readonly string[],
    freshness: Freshness,
  ) => Promise<Knowledge & { readonly validations: readonly Validation[] }>;
};

type Answer<T> = T | Promise<T>;

/** Tokens of a batch that are verified in one turn of the event loop. */
const SLICE = 32;

export function createValidateToken(deps: ValidateTokenDeps): ValidateToken {
  const { verify, replica, revocations, withCurrentRoles, keys, noteActivity } = deps;

  /** Brings the view to where it may be used, which it almost always is already. */
  function prepare(freshness: Freshness): Promise<void> | null {
    if (freshness === 'now') return replica.readNow();
    const isBehind = freshness !== 'lease' && revocations.revision() < freshness.revision;
    if (isBehind) return replica.reach(freshness.revision);
    return replica.isFresh() ? null : replica.refresh();
  }

  /**
   * Decides by the view as it is: only in the turn in which it was prepared. Keys change with the view, so the one that the
   * token was verified with may be gone since.
   */
  function decide(token: VerifiedToken | TokenRefusal): Validation {
    if (typeof token === 'string') return token;
    if (!keys.find(token.kid)) return 'TOKEN_KEY_UNKNOWN';
    if (revocations.isRevoked(token)) return 'TOKEN_REVOKED';
    noteActivity(token);
    return withCurrentRoles(token);
  }

  function answer<T>(isNeeded: boolean, freshness: Freshness, give: (knowledge: Knowledge) => T): Answer<T> {
    const from = (source: Knowledge['source']) => give({ revision: revocations.revision(), source });
    if (!isNeeded) return from(null);
    const preparing = prepare(freshness);
    return preparing ? preparing.then(() => from('postgresql')) : from('memory');
  }

  return {
    one(accessToken, freshness) {
      const token = verify(accessToken);
      return answer(typeof token !== 'string', freshness, (knowledge) => ({ ...knowledge, validation: decide(token) }));
    },
    async many(accessTokens, freshness) {
      const tokens: (VerifiedToken | TokenRefusal)[] = [];
      for (const [index, accessToken] of accessTokens.entries()) {
        // A signature takes up to 0.1 ms: a thousand of them would keep everybody else waiting.
        if (index > 0 && index % SLICE === 0) await setImmediate();
        tokens.push(verify(accessToken));
      }
      const isNeeded = tokens.some((token) => typeof token !== 'string');
      return await answer(isNeeded, freshness, (knowledge) => ({ ...knowledge, validations: tokens.map(decide) }));
    },
  };
}
