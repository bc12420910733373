import fc from 'fast-check';
import type { Flaws } from './process.ts';
import { scenarios } from './scenarios.ts';
import { simulate } from './simulate.ts';

/** What was seen over a number of schedules. */
export type Seen = {
  readonly schedules: number;
  readonly answeredLogouts: number;
  readonly refusedValidations: number;
  readonly acceptedLiveTokens: number;
  /** The longest time between a commit and the answer, in leases. */
  readonly slowestAnswer: number;
};

type Options = { readonly schedules: number; readonly seed: number; readonly flaws?: Flaws };

/** Tries the protocol over so many schedules of faults; rejects with one that breaks the promise. */
export async function explore({ schedules, seed, flaws = {} }: Options): Promise<Seen> {
  const seen = { schedules, answeredLogouts: 0, refusedValidations: 0, acceptedLiveTokens: 0, slowestAnswer: 0 };
  await fc.assert(
    fc.asyncProperty(scenarios, async (scenario) => {
      const outcome = await simulate(scenario, flaws);
      seen.answeredLogouts += outcome.answeredLogouts;
      seen.refusedValidations += outcome.refusedValidations;
      seen.acceptedLiveTokens += outcome.acceptedLiveTokens;
      seen.slowestAnswer = Math.max(seen.slowestAnswer, outcome.slowestAnswer);
      if (outcome.violations.length > 0) throw new Error(outcome.violations.join('\n'));
    }),
    { numRuns: schedules, seed, endOnFailure: true, includeErrorInReport: true },
  );
  return seen;
}
