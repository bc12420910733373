import type { Round } from './driver.ts';

type Seen = {
  /** Milliseconds of each call, in any order. */
  readonly took: number[] | Float64Array;
  readonly perSecond: number;
  /** When the round began, and the processor time that had been used then. */
  readonly begunAt: number;
  readonly cpu: NodeJS.CpuUsage;
};

/** A round that ends now. */
export function summarise({ took, perSecond, begunAt, cpu }: Seen): Round {
  const seconds = (performance.now() - begunAt) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const sorted = Float64Array.from(took).sort();
  const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  return {
    calls: sorted.length,
    perSecond,
    p50: at(0.5),
    p99: at(0.99),
    seconds,
    busy: (user + system) / 1e6 / seconds,
  };
}
