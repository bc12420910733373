import type { Driver, Round } from '../drivers/driver.ts';
import { median } from './median.ts';

type Options = {
  readonly driver: Pick<Driver, 'run'>;
  /** What counts of a round. */
  readonly of: (round: Round) => number;
  readonly seconds: number;
  readonly rounds: number;
  readonly say: (text: string) => void;
};

/** Rounds of one thing that is compared with nothing. */
export async function repeat({ driver, of, seconds, rounds, say }: Options) {
  const values: number[] = [];
  const loads: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    const seen = await driver.run(seconds * 1000);
    values.push(of(seen));
    loads.push(seen.busy);
    say(`${round} of ${rounds}: ${of(seen).toPrecision(4)}`);
  }
  return {
    value: median(values),
    spread: [Math.min(...values), Math.max(...values)] as const,
    busy: median(loads),
  };
}
