import { expect, it } from 'vitest';
import { runScenario } from './run-scenario.ts';
import { redisFaults } from './scenarios/redis-faults.ts';

/** Many processes on a machine that may be busy: only a hang takes as long. */
const PATIENCE = 180_000;

it(
  'Redis flushed, killed, stopped and emptied under 200 logouts a second revives nothing and fails nobody',
  async () => {
    const size = { flushes: 1, kills: 1, stops: 1, longestStop: 2, emptyRestarts: 1 };
    const { counts, problems } = await runScenario(redisFaults, size, { seed: 1 });
    expect(problems).toEqual([]);
    expect(counts).toMatchObject({ revoked_accepted: 0, validation_errors: 0 });
    expect(counts['logouts']).toBeGreaterThan(500);
  },
  PATIENCE,
);
