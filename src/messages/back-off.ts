const FIRST = 1000;
const LONGEST = 5 * 60_000;

/**
 * Milliseconds until the next attempt: 1 s, doubling to 5 min, and up to a fifth more or less, so that what failed together
 * does not come back together.
 */
export function backOff(attempt: number, random: () => number = Math.random): number {
  return Math.round(Math.min(FIRST * 2 ** (attempt - 1), LONGEST) * (0.8 + random() * 0.4));
}
