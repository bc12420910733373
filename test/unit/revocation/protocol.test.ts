import { describe, expect, it } from 'vitest';
import { BROKEN_VARIANTS } from '../../support/revocation-simulation/broken-variants.ts';
import { explore } from '../../support/revocation-simulation/explore.ts';

/** `npm run chaos -- protocol` tries many more. */
const SCHEDULES = 2500;
/** Fixed, so that a run says the same every time; change it to look elsewhere. */
const SEED = 20_260_101;

describe('the revocation protocol', () => {
  it(`accepts no revoked token after the revoker has answered, in ${SCHEDULES} schedules of faults`, async () => {
    const seen = await explore({ schedules: SCHEDULES, seed: SEED });
    // It is no proof if nothing happens: logouts were answered, and tokens that were live were accepted.
    expect(seen.answeredLogouts).toBeGreaterThan(SCHEDULES * 2);
    expect(seen.refusedValidations).toBeGreaterThan(SCHEDULES * 10);
    expect(seen.acceptedLiveTokens).toBeGreaterThan(SCHEDULES);
    // No revoker waits longer than for the leases: 5 % for the others' clocks, and some for its own.
    expect(seen.slowestAnswer).toBeLessThan(1.1);
  });

  it.each(BROKEN_VARIANTS)('is caught when it %s', async (_, flaws) => {
    await expect(explore({ schedules: SCHEDULES, seed: SEED, flaws })).rejects.toThrow('accepted by replica');
  });
});
