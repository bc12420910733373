import { expect, it } from 'vitest';
import { runScenario } from './run-scenario.ts';
import { postgresKilled } from './scenarios/postgres-killed.ts';

/** Many processes on a machine that may be busy: only a hang takes as long. */
const PATIENCE = 180_000;

it(
  'PostgreSQL killed under writes, five times: no acknowledged write is lost, and nothing but UNAVAILABLE is said',
  async () => {
    const { counts, problems } = await runScenario(postgresKilled, { rounds: 5 }, { seed: 1 });
    expect(problems).toEqual([]);
    expect(counts).toMatchObject({ kills: 5, acknowledged_and_lost: 0 });
  },
  PATIENCE,
);
