import { expect, it } from 'vitest';
import { runScenario } from './run-scenario.ts';
import { verifiers } from './scenarios/verifiers.ts';

/** Many processes on a machine that may be busy: only a hang takes as long. */
const PATIENCE = 180_000;

it(
  'verifiers accept no token that was revoked longer ago than maxStaleness, whatever fails',
  async () => {
    const { counts, problems } = await runScenario(verifiers, { redisFaults: 4, restarts: 1, stops: 1 }, { seed: 1 });
    expect(problems).toEqual([]);
    expect(counts['of_revoked_tokens']).toBeGreaterThan(100);
  },
  PATIENCE,
);
