import { expect, it } from 'vitest';
import { runScenario } from './run-scenario.ts';
import { storesAway } from './scenarios/stores-away.ts';

/** Many processes on a machine that may be busy: only a hang takes as long. */
const PATIENCE = 180_000;

it(
  'both stores killed, stopped or unreachable: every validation is UNAVAILABLE soon, and all is well afterwards',
  async () => {
    // A second is promised; what a busy machine adds is far from what a second time-out would.
    const size = { rounds: 1, inParallel: 200, inTurn: 3, within: 1600 };
    const { counts, problems } = await runScenario(storesAway, size, { seed: 1 });
    expect(problems).toEqual([]);
    expect(counts).toMatchObject({ outages: 3, unavailable: 3 * (200 + 2 * 3), other_answers: 0 });
  },
  PATIENCE,
);
