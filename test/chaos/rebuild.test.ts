import { expect, it } from 'vitest';
import { runScenario } from './run-scenario.ts';
import { rebuild } from './scenarios/rebuild.ts';

/** Many processes on a machine that may be busy: only a hang takes as long. */
const PATIENCE = 180_000;

it(
  '30 000 revocations are taken in, loaded and read anew while tokens are validated',
  async () => {
    const size = { revocations: 30_000, within: 30_000, p99Below: 2000 };
    const { problems } = await runScenario(rebuild, size, { seed: 1 });
    expect(problems).toEqual([]);
  },
  PATIENCE,
);
