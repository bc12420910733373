import { expect, it } from 'vitest';
import { runScenario } from './run-scenario.ts';
import { replicaFaults } from './scenarios/replica-faults.ts';

/** Many processes on a machine that may be busy: only a hang takes as long. */
const PATIENCE = 180_000;

it(
  'replicas killed and stopped under logouts: the others answer, and no revoked token is accepted anywhere',
  async () => {
    const size = { kills: 2, stops: 2, longestStop: 2 };
    const { counts, problems } = await runScenario(replicaFaults, size, { seed: 1 });
    expect(problems).toEqual([]);
    expect(counts['logouts']).toBeGreaterThan(100);
  },
  PATIENCE,
);
