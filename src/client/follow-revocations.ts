import { abortable } from 'abort-controller-x';
import type { Clock, Delay } from '../clock.ts';
import type { Revocation, WatchRevocationsResponse } from '../gen/auth/v1/revocations_service.ts';
import type { RevocationView } from '../revocation/view.ts';
import { createBackOff } from './back-off.ts';
import type { Connection } from './connection.ts';
import { toMilliseconds } from './duration.ts';
import { reasonOf } from './error-reason.ts';
import { StreamOrderError } from './errors.ts';
import type { TokenProfile } from './token-profile.ts';

/** The view of revocations, kept up to date by WatchRevocations. */
export type Follower = {
  /** The moment, on the monotonic clock, as of which everything that had been revoked is in the view. */
  readonly completeAsOf: () => number;
  readonly start: () => void;
  readonly stop: () => Promise<void>;
};

type Deps = {
  readonly connection: Pick<Connection, 'revocations' | 'reach' | 'renew'>;
  readonly view: Pick<RevocationView, 'revision' | 'apply' | 'rewind' | 'endRewind' | 'prune'>;
  readonly profile: Pick<TokenProfile, 'replace' | 'longestLifetime'>;
  readonly clock: Clock;
  readonly delay: Delay;
  /** Milliseconds until a stream is opened again, so that clocks that run apart do not add up. */
  readonly reopenAfter: number;
  /** Milliseconds that the first response may take: it is as much older than its arrival. */
  readonly slowestOpening: number;
  /** Called after each response. */
  readonly onNews: () => void;
  readonly onProblem: (error: unknown) => void;
};

/** Milliseconds: a response comes at least once a second; a stream without one has lost its connection or its server. */
const LONGEST_SILENCE = 2500;
/** Milliseconds for a connection to come up. */
const LONGEST_CONNECTING = 2000;
/** A stream that lived for so many milliseconds ended for another reason than the one before it. */
const STABLE = 5000;

/**
 * How old the view is, is counted from when the call was *made*: the view is complete as of that moment plus what the
 * server says has passed on its side. The arrival of a response says nothing, as it may have been under way for long.
 */
export function createFollower(deps: Deps): Follower {
  const { connection, view, profile, clock, delay, onProblem } = deps;
  const stopping = new AbortController();
  const isStopped = () => stopping.signal.aborted;
  const backOff = createBackOff();
  let completeAsOf = Number.NEGATIVE_INFINITY;
  let isBeginningAnew = false;
  let loop: Promise<void> | undefined;

  /** Begins anew from revision 0: until it has caught up, nothing is known to be complete. What is revoked stays so. */
  function beginAnew(): void {
    view.rewind();
    completeAsOf = Number.NEGATIVE_INFINITY;
    isBeginningAnew = true;
  }

  function take(response: WatchRevocationsResponse, madeAt: number): void {
    if (response.tokenProfile) profile.replace(response.tokenProfile);
    const { revision, revocations } = response;
    const known = view.revision();
    const isOrderly = isInOrder(known, revocations, revision);
    const earliest = (clock.now() + profile.longestLifetime()) / 1000;
    // Revoked is revoked, even if the order is wrong; only that nothing is missing is not believed then.
    view.apply(revocations.flatMap(toEntry(earliest)), isOrderly ? revision : known);
    view.prune();
    if (!isOrderly) {
      beginAnew();
      throw new StreamOrderError(`WatchRevocations went from revision ${known} to ${revision} out of order.`);
    }
    const completeUntil = toMilliseconds(response.completeUntil);
    if (isBeginningAnew && completeUntil !== undefined) {
      view.endRewind();
      isBeginningAnew = false;
    }
    // Never later than now, whatever the server's clock says.
    const asOf = completeUntil === undefined ? completeAsOf : Math.min(madeAt + completeUntil, clock.monotonic());
    completeAsOf = Math.max(completeAsOf, asOf);
    deps.onNews();
  }

  /** Reads one stream to its end, which comes by an error, a silence, its age, or the stop. */
  async function readStream(): Promise<'ended' | 'aged' | 'silent'> {
    // A call that waits for a connection would make everything that comes on it look as much older.
    await abortable(stopping.signal, connection.reach(LONGEST_CONNECTING));
    const stream = new AbortController();
    let ending: 'ended' | 'aged' | 'silent' = 'ended';
    const end = (how: typeof ending) => {
      ending = how;
      stream.abort();
    };
    const stop = () => stream.abort();
    stopping.signal.addEventListener('abort', stop);
    const aged = setTimeout(end, deps.reopenAfter * (0.8 + Math.random() / 5), 'aged');
    let silent = setTimeout(end, deps.slowestOpening, 'silent');
    try {
      if (isStopped()) return 'ended';
      const afterRevision = view.revision();
      const madeAt = clock.monotonic();
      let isFirst = true;
      const responses = connection.revocations().watchRevocations({ afterRevision }, { signal: stream.signal });
      for await (const response of responses) {
        if (isFirst) {
          clearTimeout(silent);
          silent = setTimeout(end, LONGEST_SILENCE, 'silent');
          isFirst = false;
        } else silent.refresh();
        take(response, madeAt);
      }
      return 'ended';
    } catch (error) {
      if (stream.signal.aborted) return ending;
      throw error;
    } finally {
      clearTimeout(silent);
      clearTimeout(aged);
      stopping.signal.removeEventListener('abort', stop);
      stream.abort();
    }
  }

  async function follow(): Promise<void> {
    while (!isStopped()) {
      const startedAt = clock.monotonic();
      try {
        const ending = await readStream();
        if (ending === 'aged') continue;
        if (ending === 'silent') {
          onProblem(new Error('WatchRevocations fell silent; it is opened again on a new connection.'));
          connection.renew();
        }
      } catch (error) {
        if (isStopped()) return;
        const reason = reasonOf(error);
        if (reason === 'REVISION_TOO_OLD' || reason === 'REVISION_UNKNOWN') beginAnew();
        onProblem(error);
      }
      if (clock.monotonic() - startedAt > STABLE) backOff.reset();
      await delay(backOff.next(), stopping.signal);
    }
  }

  return {
    completeAsOf: () => completeAsOf,
    start() {
      loop ??= follow();
    },
    async stop() {
      stopping.abort();
      await loop;
    },
  };
}

/** Whether the response goes on from a revision without going back. */
function isInOrder(from: number, revocations: readonly Revocation[], to: number): boolean {
  let last = from;
  for (const { revision } of revocations) {
    if (revision <= last || revision > to) return false;
    last = revision;
  }
  return to >= last;
}

/** As the view takes it in. */
type Entry = Parameters<RevocationView['apply']>[0][number];

/** @param earliest until when it is kept at least, in epoch seconds: the wall clock may be ahead and be set right */
function toEntry(earliest: number) {
  return ({ revision, subject, expireTime }: Revocation): Entry[] => {
    const expiresAt = Math.ceil(Math.max(earliest, (expireTime?.getTime() ?? 0) / 1000));
    switch (subject?.$case) {
      case 'tokenId':
        return [[revision, 'token', subject.value, expiresAt]];
      case 'sessionId':
        return [[revision, 'session', subject.value, expiresAt]];
      case 'roleChange':
        return [[revision, 'roles', subject.value.userId, expiresAt, subject.value.roles]];
      default:
        // What else can be revoked one day is not known here, and no token names it.
        return [];
    }
  };
}
