import type { Driver, Round } from '../drivers/driver.ts';
import { cpuSeconds } from '../servers/cpu-time.ts';
import { median } from './median.ts';

/** One of two things that are compared. */
export type Side = {
  readonly name: string;
  /** What one call counts for. Default: 1. */
  readonly perCall?: number;
  readonly driver: Pick<Driver, 'run'>;
  /** The process whose work is measured. */
  readonly pid: number;
};

type Options = {
  readonly measured: Side;
  readonly baseline: Side;
  /** What counts of a round. */
  readonly of: (round: Round) => number;
  readonly warmUpSeconds: number;
  /** Calls that a warm-up must have at the least, however long they take: as many as there are things to be remembered. */
  readonly warmUpCalls?: number;
  readonly seconds: number;
  readonly rounds: number;
  readonly say: (text: string) => void;
};

export type Comparison = {
  /** The median of the ratios of neighbouring rounds: what slows the machine down for a while hits both of a pair. */
  readonly ratio: number;
  readonly spread: readonly [min: number, max: number];
  /**
   * The same with each value divided by the processor time that its process got: what is left when others use the core
   * as well. NaN where that is not known.
   */
  readonly perCoreRatio: number;
  readonly measured: Summary;
  readonly baseline: Summary;
};

/** Medians over the rounds of a side. */
export type Summary = {
  readonly value: number;
  /** Milliseconds of one call. */
  readonly p50: number;
  readonly p99: number;
  /** Cores that the measured process and the load generator used. */
  readonly busy: number;
  readonly loadBusy: number;
};

/** Runs both sides in turn, A B A B, and compares each round with its neighbour. */
export async function compare(options: Options): Promise<Comparison> {
  const { measured, baseline, of, warmUpSeconds, warmUpCalls = 0, seconds, rounds, say } = options;
  for (const { driver, perCall = 1 } of [measured, baseline]) {
    let calls = 0;
    do calls += (await driver.run(warmUpSeconds * 1000)).calls * perCall;
    while (calls < warmUpCalls);
  }

  const pairs: (readonly [Summary, Summary])[] = [];
  for (let round = 1; round <= rounds; round++) {
    const pair = [await sample(measured, seconds, of), await sample(baseline, seconds, of)] as const;
    pairs.push(pair);
    const [a, b] = pair.map(({ value }) => value.toPrecision(4));
    say(`${round} of ${rounds}: ${measured.name} ${a}, ${baseline.name} ${b}`);
  }
  const ratios = pairs.map(([a, b]) => a.value / b.value);
  return {
    ratio: median(ratios),
    spread: [Math.min(...ratios), Math.max(...ratios)],
    perCoreRatio: median(pairs.map(([a, b]) => a.value / a.busy / (b.value / b.busy))),
    measured: summarise(pairs.map(([a]) => a)),
    baseline: summarise(pairs.map(([, b]) => b)),
  };
}

async function sample(side: Side, seconds: number, of: Options['of']): Promise<Summary> {
  const before = cpuSeconds(side.pid) ?? Number.NaN;
  const begunAt = performance.now();
  const round = await side.driver.run(seconds * 1000);
  const used = (cpuSeconds(side.pid) ?? Number.NaN) - before;
  const busy = used / ((performance.now() - begunAt) / 1000);
  return { value: of(round) * (side.perCall ?? 1), p50: round.p50, p99: round.p99, busy, loadBusy: round.busy };
}

function summarise(samples: readonly Summary[]): Summary {
  const middle = (key: keyof Summary) => median(samples.map((sample) => sample[key]));
  return {
    value: middle('value'),
    p50: middle('p50'),
    p99: middle('p99'),
    busy: middle('busy'),
    loadBusy: middle('loadBusy'),
  };
}
