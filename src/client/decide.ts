import { createWithCurrentRoles } from '../revocation/current-roles.ts';
import type { RevocationView } from '../revocation/view.ts';
import { readClaims } from '../tokens/access-token-claims.ts';
import { parseToken } from '../tokens/access-token-verifier.ts';
import type { TokenRefusal, VerifiedToken } from '../tokens/access-token-verifier.ts';
import type { AskServer } from './ask-server.ts';
import { VerificationUnavailableError } from './errors.ts';
import type { TokenProfile } from './token-profile.ts';
import type { UnknownKeys } from './unknown-keys.ts';
import { tokenProblem } from './verification.ts';
import type { Verification } from './verification.ts';

type Deps = {
  readonly profile: Pick<TokenProfile, 'verify' | 'isKnown'>;
  readonly view: Pick<RevocationView, 'revision' | 'isRevoked' | 'rolesOf' | 'apply'>;
  /** Whether the view is young enough to rest a "yes" on it. */
  readonly isFresh: () => boolean;
  readonly unknownKeys: UnknownKeys;
  readonly askServer: AskServer;
  readonly whenStale: 'refuse' | 'flag';
};

/**
 * Decides on a token. A "no" that rests on the token itself, or on a revocation, needs no freshness: it stays "no". A "yes"
 * needs a fresh view or the server.
 */
export function createDecide({ profile, view, isFresh, unknownKeys, askServer, whenStale }: Deps) {
  const withCurrentRoles = createWithCurrentRoles(view);

  function decide(text: string): Verification | Promise<Verification> {
    const token = profile.verify(text);
    if (token === 'TOKEN_KEY_UNKNOWN') return decideUnknownKey(text);
    if (typeof token === 'string') return refusal(token);
    if (view.isRevoked(token)) return refusal('TOKEN_REVOKED');
    const accepted = accept(withCurrentRoles(token));
    return isFresh() ? accepted : ask(text, accepted);
  }

  function decideUnknownKey(text: string): Verification | Promise<Verification> {
    const local = refusal('TOKEN_KEY_UNKNOWN');
    // Before there is a profile every key is unknown, and nothing is known here that could decide.
    if (!profile.isKnown()) return ask(text, null);
    const kid = parseToken(text)?.header['kid'];
    if (typeof kid !== 'string') return local;
    switch (unknownKeys.decide(kid)) {
      case 'unknown':
        return local;
      case 'limited':
        // A "no" would be a guess: the server may know the key.
        throw new VerificationUnavailableError(new Error('Too many tokens of unknown keys.'));
      case 'ask':
        return ask(text, local, (verification) => {
          const isKnown = verification.problem?.reason !== 'TOKEN_KEY_UNKNOWN';
          // "Known" only for a token that was accepted: it lifts the limit on questions.
          if (verification.principal || !isKnown) unknownKeys.answered(kid, isKnown);
        });
    }
  }

  /** @param local what is known here, for when the server does not answer; null: nothing */
  async function ask(
    text: string,
    local: Verification | null,
    onAnswer: (verification: Verification) => void = () => undefined,
  ): Promise<Verification> {
    let verification: Verification;
    try {
      verification = await askServer(text);
    } catch (cause) {
      // A revocation may have come meanwhile.
      return isRevokedNow(text) ? refusal('TOKEN_REVOKED') : orStale(local, cause);
    }
    onAnswer(verification);
    if (verification.problem?.reason === 'TOKEN_REVOKED') rememberRevoked(text);
    if (verification.principal && view.isRevoked(verification.principal)) return refusal('TOKEN_REVOKED');
    return verification;
  }

  function isRevokedNow(text: string): boolean {
    const token = profile.verify(text);
    return typeof token !== 'string' && view.isRevoked(token);
  }

  /**
   * What the server has called revoked stays so here, though the stream, which may be behind, has not said it yet. The
   * server has checked the signature before it said so: what the token says of itself is true.
   */
  function rememberRevoked(text: string): void {
    const { tokenId, expiresAt } = readClaims(parseToken(text)?.payload ?? {});
    if (tokenId === null || expiresAt === null) return;
    const revision = view.revision();
    view.apply([[revision, 'token', tokenId, Math.ceil(expiresAt / 1000)]], revision);
  }

  function orStale(local: Verification | null, cause: unknown): Verification {
    // To flag is to accept with a warning. A "no" that may be wrong would log somebody out.
    if (whenStale === 'refuse' || !local?.principal) throw new VerificationUnavailableError(cause);
    return { ...local, isStale: true };
  }

  return decide;
}

function accept(principal: VerifiedToken): Verification {
  return { principal, isStale: false };
}

function refusal(reason: TokenRefusal | 'TOKEN_REVOKED'): Verification {
  return { problem: tokenProblem(reason), isStale: false };
}
