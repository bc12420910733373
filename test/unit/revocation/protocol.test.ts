import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Flaws } from '../../support/revocation-simulation/process.ts';
import { scenarios } from '../../support/revocation-simulation/scenarios.ts';
import { simulate } from '../../support/revocation-simulation/simulate.ts';

const SCHEDULES = 2500;
/** Fixed, so that a run says the same every time; change it to look elsewhere. */
const SEED = 20_260_101;

/** What keeps the promise over a number of schedules; rejects with the smallest one that breaks it. */
async function holdsOver(schedules: number, flaws: Flaws = {}) {
  const seen = { answeredLogouts: 0, refusedValidations: 0, acceptedLiveTokens: 0, slowestAnswer: 0 };
  await fc.assert(
    fc.asyncProperty(scenarios, async (scenario) => {
      const outcome = await simulate(scenario, flaws);
      seen.answeredLogouts += outcome.answeredLogouts;
      seen.refusedValidations += outcome.refusedValidations;
      seen.acceptedLiveTokens += outcome.acceptedLiveTokens;
      seen.slowestAnswer = Math.max(seen.slowestAnswer, outcome.slowestAnswer);
      if (outcome.violations.length > 0) throw new Error(outcome.violations.join('\n'));
    }),
    { numRuns: schedules, seed: SEED, endOnFailure: true, includeErrorInReport: true },
  );
  return seen;
}

describe('the revocation protocol', () => {
  it(`accepts no revoked token after the revoker has answered, in ${SCHEDULES} schedules of faults`, async () => {
    const seen = await holdsOver(SCHEDULES);
    // It is no proof if nothing happens: logouts were answered, and tokens that were live were accepted.
    expect(seen.answeredLogouts).toBeGreaterThan(SCHEDULES * 2);
    expect(seen.refusedValidations).toBeGreaterThan(SCHEDULES * 10);
    expect(seen.acceptedLiveTokens).toBeGreaterThan(SCHEDULES);
    // No revoker waits longer than for the leases: 5 % for the others' clocks, and some for its own.
    expect(seen.slowestAnswer).toBeLessThan(1.1);
  });

  it.each<[string, Flaws]>([
    ['counts the lease from the answer', { leaseFromAnswer: true }],
    ['does not look at its lease', { noLeaseCheck: true }],
    ['does not wait after a lost announcement', { noWaiting: true }],
    ['knows a revision before its entries', { revisionBeforeEntries: true }],
    ['waits for as long as its own lease is', { waitsOwnLease: true }],
    ['registers replicas without the lock', { registersWithoutLock: true }],
    ['grants leases to replicas that are off the list', { grantsToAnybody: true }],
  ])('is caught when it %s', async (_, flaws) => {
    await expect(holdsOver(SCHEDULES, flaws)).rejects.toThrow('accepted by replica');
  });
});
