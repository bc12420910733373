import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

/** Time. Leases are counted on the monotonic clock, everything that others see on the wall clock. */
export type Clock = {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds on a clock that is never set. */
  readonly monotonic: () => number;
};

export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };

/** Resolves after so many milliseconds of the monotonic clock, or when the signal is aborted; never rejects. */
export type Delay = (milliseconds: number, signal: AbortSignal) => Promise<void>;

export const systemDelay: Delay = (milliseconds, signal) =>
  sleep(milliseconds, undefined, { signal }).catch(() => undefined);
