import { median } from '../rounds/median.ts';
import type { Call } from './calls.ts';
import type { Side } from './side.ts';

export type Times = { readonly ms1k: number; readonly ms1m: number; readonly ratio: number };

const WARM_UP = 5;
const ROUNDS = 30;

/** Times one call on both sides, many times: they take turns, and take turns at who begins, so that noise meets both alike. */
export async function measure({ prepare }: Call, small: Side, big: Side): Promise<Times> {
  const times = { small: [] as number[], big: [] as number[] };
  for (let round = -WARM_UP; round < ROUNDS; round += 1) {
    const turns = [
      ['small', small],
      ['big', big],
    ] as const;
    for (const [name, side] of round % 2 === 0 ? turns : turns.toReversed()) {
      const call = await prepare(side);
      const begun = performance.now();
      await call();
      if (round >= 0) times[name].push(performance.now() - begun);
    }
  }
  const [ms1k, ms1m] = [median(times.small), median(times.big)];
  return { ms1k, ms1m, ratio: ms1m / ms1k };
}
