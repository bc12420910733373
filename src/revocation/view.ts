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
  /** Gives up the knowledge that there are no others, and keeps the entries. */
  readonly rewind: () => void;
  /** Drops entries whose tokens have all expired; returns how many are left. */
  readonly prune: () => number;
};

type Deps = {
  readonly clock: Clock;
  /** How long an access token lives; milliseconds. */
  readonly tokenLifetime: number;
};

/** Past a token's expiry: the leeway of verification, and as much as clocks of machines may differ; milliseconds. */
const MARGIN = LEEWAY + 60_000;

/**
 * Entries are dropped by the monotonic clock, a whole token's life after they came: a wall clock that was ahead, and is set
 * right, would otherwise bring back tokens whose entries it had expired.
 */
export function createRevocationView({ clock, tokenLifetime }: Deps): RevocationView {
  // Ids of tokens and of sessions in one map: both are random UUIDs.
  const keptUntil = new Map<string, number>();
  let revision = 0;

  return {
    revision: () => revision,
    isRevoked: (token) => keptUntil.has(token.sessionId) || keptUntil.has(token.tokenId),
    apply(entries, upTo) {
      for (const [, , subject, expiresAt] of entries) {
        const rest = Math.max(expiresAt * 1000 - clock.now(), tokenLifetime);
        keptUntil.set(subject, Math.max(clock.monotonic() + rest + MARGIN, keptUntil.get(subject) ?? 0));
      }
      revision = Math.max(revision, upTo);
    },
    rewind() {
      revision = 0;
    },
    prune() {
      const now = clock.monotonic();
      for (const [subject, until] of keptUntil) if (until < now) keptUntil.delete(subject);
      return keptUntil.size;
    },
  };
}
