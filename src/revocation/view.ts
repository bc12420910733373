import type { Clock } from '../clock.ts';
import type { RevocationEntry } from '../db/auth-functions.ts';
import { LEEWAY } from '../tokens/access-token-verifier.ts';

/** The live revocations that this replica knows, in memory. */
export type RevocationView = {
  /** Every revocation up to this revision is known. */
  readonly revision: () => number;
  readonly isRevoked: (token: { tokenId: string; sessionId: string }) => boolean;
  /**
   * Takes entries in, in the order of their revisions, and with them the knowledge that there are no others up to
   * `revision`. Entries that are known already change nothing.
   */
  readonly apply: (entries: readonly RevocationEntry[], revision: number) => void;
  /** Drops entries whose tokens have all expired; returns how many are left. */
  readonly prune: () => number;
};

/** Past a token's expiry: the leeway of verification, and as much as clocks of machines may differ. */
const MARGIN_SECONDS = LEEWAY / 1000 + 60;

export function createRevocationView({ clock }: { clock: Pick<Clock, 'now'> }): RevocationView {
  // Ids of tokens and of sessions in one map: both are random UUIDs.
  const expiryOf = new Map<string, number>();
  let revision = 0;

  return {
    revision: () => revision,
    isRevoked: (token) => expiryOf.has(token.sessionId) || expiryOf.has(token.tokenId),
    apply(entries, upTo) {
      for (const [, , subject, expiresAt] of entries) {
        expiryOf.set(subject, Math.max(expiresAt, expiryOf.get(subject) ?? 0));
      }
      revision = Math.max(revision, upTo);
    },
    prune() {
      const limit = clock.now() / 1000 - MARGIN_SECONDS;
      for (const [subject, expiresAt] of expiryOf) if (expiresAt < limit) expiryOf.delete(subject);
      return expiryOf.size;
    },
  };
}
