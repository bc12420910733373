import { expect, it } from 'vitest';
import { runScenario } from './run-scenario.ts';
import { watchers } from './scenarios/watchers.ts';

/** Many processes on a machine that may be busy: only a hang takes as long. */
const PATIENCE = 180_000;

it(
  'streams cut and Redis failing: watchers are told all, in order, none twice; who does not read is cut off',
  async () => {
    const size = { cuts: 3, faults: 3, slowReaders: 5, unread: 10_000 };
    const { counts, problems } = await runScenario(watchers, size, { seed: 1 });
    expect(problems).toEqual([]);
    expect(counts).toMatchObject({ told_after_cuts: 3000, slow_readers_cut_off: 5 });
    expect(counts['told_through_faults']).toBeGreaterThan(8 * 100);
  },
  PATIENCE,
);
