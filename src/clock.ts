import { performance } from 'node:perf_hooks';

/** Time. Leases are counted on the monotonic clock, everything that others see on the wall clock. */
export type Clock = {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds on a clock that is never set. */
  readonly monotonic: () => number;
};

export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };
