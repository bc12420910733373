/**
 * The roles of users whose tokens may say others. A token says what its user was when it was made; a change is kept until the
 * last such token has expired, so there are as many of them as changes in the life of a token.
 */
export type RoleChanges = {
  readonly of: (userId: string) => readonly string[] | undefined;
  /** Of several changes of one user the one with the highest revision counts, whatever their order. */
  readonly record: (change: RoleChange) => void;
  /** Drops, of those that have waited longest, what is not kept any more; `limit` at the most. */
  readonly dropUntil: (now: number, limit: number) => void;
  /** Sets all revisions to 0: whatever comes replaces what is known. */
  readonly forgetRevisions: () => void;
  /** Drops what has not come again since its revision was forgotten. */
  readonly dropForgotten: () => void;
};

export type RoleChange = {
  readonly userId: string;
  readonly roles: readonly string[];
  readonly revision: number;
  /** In seconds of the clock that `dropUntil` is given. */
  readonly keptUntil: number;
};

export function createRoleChanges(): RoleChanges {
  const changes = new Map<string, RoleChange>();

  return {
    of: (userId) => (changes.size === 0 ? undefined : changes.get(userId)?.roles),
    record(change) {
      const known = changes.get(change.userId);
      const latest = known && known.revision > change.revision ? known : change;
      // Behind all others: so they lie in the order in which they are dropped, nearly.
      changes.delete(change.userId);
      changes.set(change.userId, {
        ...latest,
        // Handed out to whoever asks.
        roles: Object.freeze([...latest.roles]),
        keptUntil: Math.max(known?.keptUntil ?? 0, change.keptUntil),
      });
    },
    dropUntil(now, limit) {
      let dropped = 0;
      for (const [userId, { keptUntil }] of changes) {
        if (keptUntil >= now || dropped === limit) break;
        changes.delete(userId);
        dropped += 1;
      }
    },
    forgetRevisions() {
      for (const [userId, change] of changes) changes.set(userId, { ...change, revision: 0 });
    },
    dropForgotten() {
      for (const [userId, { revision }] of changes) if (revision === 0) changes.delete(userId);
    },
  };
}
