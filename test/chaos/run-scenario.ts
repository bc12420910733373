import { createRandom } from '../support/revocation-simulation/random.ts';
import type { Result, Scenario } from './scenario.ts';

type Options = { readonly seed: number; readonly say?: (text: string) => void; readonly scope?: AsyncDisposableStack };

/** Runs a scenario and closes what it opened, however it ends. */
export async function runScenario<Size>(scenario: Scenario<Size>, size: Size, options: Options): Promise<Result> {
  const { seed, say = () => undefined } = options;
  await using scope = new AsyncDisposableStack();
  // Known to whoever wants to break it off.
  options.scope?.use(scope);
  return await scenario(size, { scope, random: createRandom(seed), say });
}
