/** Milliseconds to wait before the next attempt: doubling, and apart from each other's, so that fleets do not come in step. */
export type BackOff = { readonly next: () => number; readonly reset: () => void };

const FIRST = 50;
const LONGEST = 1000;

export function createBackOff(): BackOff {
  let wait = FIRST;
  return {
    next() {
      const jittered = wait * (0.5 + Math.random() / 2);
      wait = Math.min(LONGEST, wait * 2);
      return jittered;
    },
    reset: () => void (wait = FIRST),
  };
}
