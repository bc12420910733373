import type { Clock } from '../clock.ts';
import type { RevocationEntry } from '../db/auth-functions.ts';
import { LEEWAY } from '../tokens/access-token-verifier.ts';
import { createRevocationLog } from './revocation-log.ts';
import type { LoggedRevocation } from './revocation-log.ts';
import { createRoleChanges } from './role-changes.ts';

/** What is told of an entry of the log. */
export type ToldRevocation = LoggedRevocation & {
  /** Of a change of roles: those that the user holds now, which may be those of a later change. */
  readonly roles?: readonly string[];
};

/** The live revocations, and changes of roles, that this process knows, in memory. */
export type RevocationView = {
  /** Every revocation up to this revision is known. */
  readonly revision: () => number;
  /** Changes when revisions begin anew: those from before and after cannot be compared. */
  readonly history: () => number;
  readonly isRevoked: (token: { tokenId: string; sessionId: string }) => boolean;
  /** The roles that the user holds now, if his tokens may say others. The same array until they change again. */
  readonly rolesOf: (userId: string) => readonly string[] | undefined;
  /**
   * Takes entries in, in the order of their revisions, and with them the knowledge that there are no others up to
   * `revision`. Entries that are known already change nothing.
   */
  readonly apply: (entries: readonly RevocationEntry[], revision: number) => void;
  /**
   * Those that came after a revision, 0: all of them, `limit` at the most, and the revision up to which they are complete.
   * null: some that came after it have been dropped already.
   */
  readonly after: (
    revision: number,
    limit: number,
  ) => { readonly revocations: readonly ToldRevocation[]; readonly revision: number } | null;
  /**
   * Gives up the knowledge that there are no others. The entries are kept, and are not among those of `after` until they
   * come again.
   */
  readonly rewind: () => void;
  /** Everything has come again: roles that were told before, and have not come again, are none that anybody has. */
  readonly endRewind: () => void;
  /** Drops entries whose tokens have all expired, a bounded number of them; returns how many entries are left. */
  readonly prune: () => number;
};

type Deps = {
  readonly clock: Clock;
  /** How long an access token lives; milliseconds. */
  readonly tokenLifetime: number;
};

/** Past a token's expiry: the leeway of verification, and as much as clocks of machines may differ; milliseconds. */
const MARGIN = LEEWAY + 60_000;
/** Entries that one pruning drops at the most: it takes some milliseconds. */
const PRUNED_AT_ONCE = 10_000;

/**
 * Entries are dropped by the monotonic clock, a whole token's life after they came: a wall clock that was ahead, and is set
 * right, would otherwise bring back tokens whose entries it had expired.
 */
export function createRevocationView({ clock, tokenLifetime }: Deps): RevocationView {
  const log = createRevocationLog();
  const roleChanges = createRoleChanges();
  let revision = 0;
  let history = 0;
  /** Entries up to this revision may be missing; null: not known yet. */
  let dropped: number | null = null;

  function tell(entry: LoggedRevocation): ToldRevocation[] {
    if (entry.kind !== 'roles') return [entry];
    const roles = roleChanges.of(entry.subject);
    // Gone already: all tokens that it concerned have expired.
    return roles ? [{ ...entry, roles }] : [];
  }

  return {
    revision: () => revision,
    history: () => history,
    isRevoked: ({ sessionId, tokenId }) => log.has(sessionId) || log.has(tokenId),
    rolesOf: roleChanges.of,
    apply(entries, upTo) {
      // What comes first tells what is not there any more: the database keeps live revocations only.
      dropped ??= (entries[0]?.[0] ?? upTo + 1) - 1;
      const now = clock.monotonic();
      const wallClock = clock.now();
      for (const [entryRevision, kind, subject, expiresAt, roles] of entries) {
        const rest = Math.max(expiresAt * 1000 - wallClock, tokenLifetime);
        const keptUntil = (now + rest + MARGIN) / 1000;
        if (roles) roleChanges.record({ userId: subject, roles, revision: entryRevision, keptUntil });
        if (entryRevision <= revision && log.has(subject)) log.keepUntil(subject, keptUntil);
        else log.append({ revision: entryRevision, kind, subject, expiresAt, keptUntil });
      }
      revision = Math.max(revision, upTo);
    },
    after(from, limit) {
      if (from !== 0 && from < (dropped ?? 0)) return null;
      const revocations = log.after(from, limit);
      const last = revocations.at(-1);
      return {
        revocations: revocations.flatMap(tell),
        revision: revocations.length === limit && last ? last.revision : revision,
      };
    },
    rewind() {
      revision = 0;
      history += 1;
      dropped = null;
      log.forgetRevisions();
      roleChanges.forgetRevisions();
    },
    endRewind: roleChanges.dropForgotten,
    prune() {
      const now = clock.monotonic() / 1000;
      roleChanges.dropUntil(now, PRUNED_AT_ONCE);
      const highest = log.dropUntil(now, PRUNED_AT_ONCE);
      if (dropped !== null) dropped = Math.max(dropped, highest);
      return log.size();
    },
  };
}
