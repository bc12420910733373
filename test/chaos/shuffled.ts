import type { Random } from '../support/revocation-simulation/random.ts';

/** The same in another order, which follows from the seed (Fisher-Yates). */
export function shuffled<T>(random: Random, items: readonly T[]): T[] {
  const result = [...items];
  for (let index = result.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random.between(0, index + 1));
    [result[index], result[other]] = [result[other] as T, result[index] as T];
  }
  return result;
}
