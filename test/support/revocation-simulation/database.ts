import type { CommittedRevocation, RevocationEntry } from '../../../src/db/auth-functions.ts';
import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';

/** What the revocation protocol needs of PostgreSQL, with its snapshots and the lock on the row of auth.revocation_state. */
export type SimulatedDatabase = {
  /**
   * A connection's calls: they take their time on the way there and back, and fail while the server is away. Who has waited
   * `patience` gives up; what he asked for may be done all the same.
   */
  readonly call: <T>(work: () => Promise<T>, patience: number, settle: Settle<T>) => void;
  readonly register: (replica: { id: string; lease: number }) => Promise<void>;
  readonly touch: (id: string) => Promise<void>;
  readonly forget: (id: string) => Promise<void>;
  readonly read: (input: { replicaId: string; after: number; limit: number }) => Promise<{
    isRegistered: boolean;
    revision: number;
    keysVersion: number;
    entries: readonly RevocationEntry[];
  }>;
  readonly revoke: (subjects: readonly string[]) => Promise<CommittedRevocation>;
  /** Calls under way fail, some of them after their commit; new ones fail until it is back. */
  readonly restart: (downFor: number) => void;
  /** Calls that begin from now on take so much longer. */
  readonly slowDown: (milliseconds: number, duration: number) => void;
  /** Nothing goes on and nothing breaks: what has come or comes meanwhile is done afterwards. */
  readonly freeze: (duration: number) => void;
};

export type Settle<T> = { readonly resolve: (value: T) => void; readonly reject: (error: Error) => void };

type Options = {
  /** For how long after it was touched a replica is granted leases; revokers wait for it twice as long. */
  readonly trust: number;
  readonly registersWithoutLock?: boolean;
  readonly grantsToAnybody?: boolean;
  readonly touchesAnybody?: boolean;
};

const NEVER_EXPIRES = 4_000_000_000;

export function createDatabase(timeline: Timeline, random: Random, options: Options) {
  let revision = 0;
  const revocations: RevocationEntry[] = [];
  const seenAt = new Map<string, number>();
  const leases = new Map<string, number>();
  /** Each restart begins another; what began in an earlier one is rolled back. */
  let generation = 0;
  let backAt = 0;
  let slowness = { extra: 0, until: 0 };
  let frozenUntil = 0;
  let locks = createRowLock();

  /** Lets something happen in the server: after so many milliseconds, and not while it is frozen. */
  function inServer(milliseconds: number, what: () => void): void {
    timeline.after(milliseconds, () => {
      if (timeline.now() < frozenUntil) inServer(frozenUntil - timeline.now() + random.between(0, 0.01), what);
      else what();
    });
  }
  const hold = () =>
    new Promise<void>((resolve) => inServer(random.between(0.2, random.chance(0.2) ? 80 : 5), resolve));

  /** Locks, works in the transaction, and commits after a while, unless the server was restarted meanwhile. */
  async function transaction<T>(lock: 'share' | 'exclusive' | null, work: () => { result: T; commit: () => void }) {
    const mine = generation;
    const held = locks;
    if (lock) await held.acquire(lock);
    const { result, commit } = work();
    await hold();
    if (mine !== generation) throw new Error('The server was restarted.');
    commit();
    if (lock) held.release(lock);
    return result;
  }

  const database: SimulatedDatabase = {
    call(work, patience, settle) {
      timeline.after(patience, () => settle.reject(new Error('No answer in time.')));
      const travel = () => random.between(0.2, random.chance(0.05) ? 400 : 8);
      const extra = timeline.now() < slowness.until ? slowness.extra : 0;
      const mine = generation;
      inServer(travel() + extra, () => {
        const answer = (deliver: () => void) =>
          timeline.after(travel() + extra, () => {
            // The connection broke on the way: the caller cannot know whether it was committed.
            if (mine !== generation) settle.reject(new Error('The connection was lost.'));
            else deliver();
          });
        if (mine !== generation || timeline.now() < backAt) answer(() => settle.reject(new Error('No connection.')));
        else
          work().then(
            (value) => answer(() => settle.resolve(value)),
            (error: unknown) => answer(() => settle.reject(error as Error)),
          );
      });
    },

    register: ({ id, lease }) =>
      transaction(options.registersWithoutLock ? null : 'share', () => ({
        result: undefined,
        commit() {
          seenAt.set(id, timeline.now());
          leases.set(id, lease);
        },
      })),
    async touch(id) {
      const earliest = options.touchesAnybody ? Number.NEGATIVE_INFINITY : timeline.now() - options.trust;
      if ((seenAt.get(id) ?? Number.NEGATIVE_INFINITY) > earliest) seenAt.set(id, timeline.now());
    },
    async forget(id) {
      seenAt.delete(id);
    },
    async read({ replicaId, after, limit }) {
      return {
        isRegistered:
          options.grantsToAnybody === true ||
          (seenAt.get(replicaId) ?? Number.NEGATIVE_INFINITY) > timeline.now() - options.trust,
        revision,
        keysVersion: 1,
        entries: revocations.filter(([number]) => number > after).slice(0, limit),
      };
    },
    revoke: (subjects) =>
      transaction('exclusive', () => {
        const last = revision + subjects.length;
        const rows = subjects.map((subject, index): RevocationEntry => [
          revision + index + 1,
          'session',
          subject,
          NEVER_EXPIRES,
        ]);
        const replicas = [...seenAt].filter(([, seen]) => seen > timeline.now() - 2 * options.trust).map(([id]) => id);
        const longestLease = Math.max(0, ...replicas.map((id) => leases.get(id) ?? 0));
        return {
          result: { revision: last, replicas, longestLease },
          commit() {
            revision = last;
            revocations.push(...rows);
          },
        };
      }),

    restart(downFor) {
      generation += 1;
      backAt = timeline.now() + downFor;
      locks = createRowLock();
    },
    slowDown(milliseconds, duration) {
      slowness = { extra: milliseconds, until: timeline.now() + duration };
    },
    freeze(duration) {
      frozenUntil = Math.max(frozenUntil, timeline.now() + duration);
    },
  };
  return database;
}

/** `for share` and `for update` on one row; first come, first served. */
function createRowLock() {
  const queue: { kind: 'share' | 'exclusive'; grant: () => void }[] = [];
  let sharers = 0;
  let isExclusive = false;

  function grantNext(): void {
    for (;;) {
      const next = queue[0];
      if (!next || isExclusive || (next.kind === 'exclusive' && sharers > 0)) return;
      queue.shift();
      if (next.kind === 'exclusive') isExclusive = true;
      else sharers += 1;
      next.grant();
    }
  }
  return {
    acquire: (kind: 'share' | 'exclusive') =>
      new Promise<void>((grant) => {
        queue.push({ kind, grant });
        grantNext();
      }),
    release(kind: 'share' | 'exclusive') {
      if (kind === 'exclusive') isExclusive = false;
      else sharers -= 1;
      grantNext();
    },
  };
}
