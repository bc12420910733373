/** Numbers that follow from a seed (mulberry32), so that a schedule that fails can be run again. */
export type Random = {
  /** From `low` up to, not including, `high`. */
  readonly between: (low: number, high: number) => number;
  readonly chance: (probability: number) => boolean;
};

export function createRandom(seed: number): Random {
  let state = seed | 0;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    between: (low, high) => low + next() * (high - low),
    chance: (probability) => next() < probability,
  };
}
