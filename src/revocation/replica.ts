import { randomUUID } from 'node:crypto';
import type { Clock, Delay } from '../clock.ts';
import type { AuthFunctions } from '../db/auth-functions.ts';
import { AppError } from '../errors/app-error.ts';
import type { RevocationView } from './view.ts';

/**
 * This process as one of those that answer ValidateToken from memory.
 *
 * It holds a lease on its view: for `lease` milliseconds, counted on its own clock from when it *asked* PostgreSQL, the view
 * holds everything that had been committed by then. A revoker answers when every replica has told that it knows the
 * revision, or a full lease after its commit, when no view without it is in use any more. See docs/adr/0003-revocation.md.
 */
export type Replica = {
  readonly id: string;
  /** Registers, loads the view and keeps it fresh. Rejects when the first load fails. */
  readonly start: () => Promise<void>;
  /** Gives the lease up and takes the replica off the list that revokers wait for. Answer nothing after it. */
  readonly stop: () => Promise<void>;
  /** Whether the view may be used now. */
  readonly isFresh: () => boolean;
  /**
   * What can be told from the view is everything that was committed before this moment of the monotonic clock; -Infinity while
   * revisions begin anew.
   */
  readonly completeAsOf: () => number;
  /** Calls the listener when the view or the signing keys have changed; what is returned ends it. */
  readonly onChange: (listener: () => void) => () => void;
  /** Resolves when the view may be used. @throws DEPENDENCY_UNAVAILABLE when PostgreSQL does not answer */
  readonly refresh: () => Promise<void>;
  /** Resolves when the view holds everything that was committed before the call. @throws as above */
  readonly readNow: () => Promise<void>;
  /** Resolves when the view holds everything up to a revision that a caller has named. @throws REVISION_UNKNOWN, as above */
  readonly reach: (revision: number) => Promise<void>;
  /**
   * Resolves when the view holds everything up to the revision, which must be committed, with the latest that it holds.
   * @throws DEPENDENCY_UNAVAILABLE as above
   */
  readonly learn: (revision: number) => Promise<number>;
};

export type ReplicaDeps = {
  readonly auth: Pick<AuthFunctions, 'registerReplica' | 'touchReplica' | 'forgetReplica' | 'readRevocations'>;
  readonly view: RevocationView;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly delay: Delay;
  /** Milliseconds. */
  readonly lease: number;
  /** How long access tokens live; milliseconds. */
  readonly tokenLifetime: number;
  /** Called when the signing keys have changed, before the view that belongs to them is used. */
  readonly onKeysChanged: () => Promise<void>;
  readonly onProblem: (error: unknown) => void;
};

/** Rows of one read: taking them in is some milliseconds in which nobody is answered. A view further behind takes several. */
const BATCH = 2000;
/** Reads per lease: three may fail before a lease runs out. */
const READS_PER_LEASE = 4;
/** How long callers wait for a read, in milliseconds: whoever cannot be answered is told so within a second. */
const PATIENCE = 800;
/** Milliseconds. The database believes in a replica for 10 s after it was touched (auth.read_revocations). */
const TOUCH_INTERVAL = 2000;

export function createReplica(deps: ReplicaDeps): Replica {
  const { auth, view, clock, delay, lease, tokenLifetime, onKeysChanged, onProblem } = deps;
  const id = randomUUID();
  const stopping = new AbortController();
  let completeAsOf = Number.NEGATIVE_INFINITY;
  let isBeginningAnew = false;
  const listeners = new Set<() => void>();
  let touchedAt = Number.NEGATIVE_INFINITY;
  let keysVersion: number | undefined;
  let current: Promise<void> | undefined;
  let following: Promise<void> | undefined;
  let loop: Promise<void> | undefined;

  /** Reads until the view is complete; only then the lease is counted, from the moment of asking. */
  async function readAll(): Promise<void> {
    for (;;) {
      const askedAt = clock.monotonic();
      const answer = await auth.readRevocations({ replicaId: id, after: view.revision(), limit: BATCH });
      if (!answer.isRegistered) {
        await auth.registerReplica({ id, lease, tokenLifetime });
        continue;
      }
      if (answer.revision < view.revision()) {
        // A backup was restored, or a standby that was behind took over: the numbers after it will be given out again.
        view.rewind();
        // The view knows what it knew, and goes on to be used; but who begins to be told would not be told that.
        isBeginningAnew = true;
        continue;
      }
      const isNews = answer.keysVersion !== keysVersion || answer.revision !== view.revision();
      if (answer.keysVersion !== keysVersion) {
        await onKeysChanged();
        keysVersion = answer.keysVersion;
      }
      const last = answer.entries.at(-1);
      if (answer.entries.length === BATCH && last) {
        view.apply(answer.entries, last[0]);
        continue;
      }
      view.apply(answer.entries, answer.revision);
      completeAsOf = Math.max(completeAsOf, askedAt);
      if (isBeginningAnew) view.endRewind();
      isBeginningAnew = false;
      if (isNews) for (const listener of listeners) listener();
      return;
    }
  }

  function begin(): Promise<void> {
    current = readAll().finally(() => (current = undefined));
    return current;
  }

  /** One read at a time. Callers that come while one is under way share the next: theirs has to begin after they asked. */
  function read(): Promise<void> {
    if (!current) return withPatience(begin());
    following ??= withPatience(
      current
        .catch(() => undefined)
        .then(() => {
          following = undefined;
          return read();
        }),
    );
    return following;
  }

  /** A read may hang for as long as its time-outs allow, and behind another one for twice as long. Its callers do not. */
  async function withPatience(reading: Promise<void>): Promise<void> {
    const answered = new AbortController();
    const late = delay(PATIENCE, answered.signal).then(() => {
      throw new AppError('DEPENDENCY_UNAVAILABLE', { cause: new Error('PostgreSQL did not answer in time.') });
    });
    try {
      await Promise.race([reading, late]);
    } finally {
      answered.abort();
    }
  }

  async function touch(): Promise<void> {
    if (clock.monotonic() - touchedAt < TOUCH_INTERVAL) return;
    touchedAt = clock.monotonic();
    await auth.touchReplica(id);
  }

  async function keepFresh(): Promise<void> {
    for (;;) {
      await delay(lease / READS_PER_LEASE, stopping.signal);
      if (stopping.signal.aborted) return;
      await Promise.all([touch(), read()]).catch(onProblem);
    }
  }

  // Counted from the asking: what was committed while the answer travelled is not in it.
  const isFresh = () => clock.monotonic() < completeAsOf + lease;

  return {
    id,
    isFresh,
    completeAsOf: () => (isBeginningAnew ? Number.NEGATIVE_INFINITY : completeAsOf),
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async start() {
      await auth.registerReplica({ id, lease, tokenLifetime });
      // The first load may be long, and nobody waits for an answer yet.
      await begin();
      loop = keepFresh();
    },
    async stop() {
      stopping.abort();
      await loop;
      completeAsOf = Number.NEGATIVE_INFINITY;
      await auth.forgetReplica(id).catch(onProblem);
    },
    async refresh() {
      if (isFresh()) return;
      await read();
      if (!isFresh()) throw new AppError('DEPENDENCY_UNAVAILABLE', { cause: new Error('A read outlasted the lease.') });
    },
    readNow: read,
    async reach(revision) {
      if (view.revision() < revision) await read();
      if (view.revision() < revision) throw new AppError('REVISION_UNKNOWN');
    },
    async learn(revision) {
      // One read that begins now finds whatever is committed.
      if (view.revision() < revision) await read();
      if (view.revision() < revision) throw new Error(`Revision ${revision} was announced and is not in the database.`);
      return view.revision();
    },
  };
}
