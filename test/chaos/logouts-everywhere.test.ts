import { expect, it } from 'vitest';
import { runScenario } from './run-scenario.ts';
import { logoutsEverywhere } from './scenarios/logouts-everywhere.ts';

/** Many processes on a machine that may be busy: only a hang takes as long. */
const PATIENCE = 180_000;

it(
  'of 300 tokens that were logged out on one replica, the other accepts none, while eight others validate',
  async () => {
    const { counts, problems } = await runScenario(logoutsEverywhere, { logouts: 300 }, { seed: 1 });
    expect(problems).toEqual([]);
    expect(counts).toMatchObject({ logouts: 300, revoked_accepted: 0, validation_errors: 0 });
    // Each at once, and all of them on both replicas in the end.
    expect(counts['of_revoked_tokens']).toBeGreaterThan(900);
  },
  PATIENCE,
);
