import { startDriver } from '../drivers/driver.ts';
import type { SignAndVerify } from '../drivers/sign-and-verify.ts';
import type { Figure } from '../figure.ts';
import { median } from '../rounds/median.ts';

const ALGORITHMS = ['EdDSA', 'ES256', 'RS256'] as const;
const OPERATIONS = ['sign', 'verify'] as const;
const ROUNDS = 5;
const MILLISECONDS = 500;

export const signatureAlgorithms: Figure = {
  name: 'signature_algorithms',
  about:
    'signatures and verifications a second on one core, one at a time; the value: tokens/s that EdDSA, the default, signs and verifies once each',
  async measure(place) {
    const works = await Promise.all(
      ALGORITHMS.flatMap((algorithm) =>
        OPERATIONS.map(async (operation) => ({
          name: `${algorithm.toLowerCase()}_${operation === 'sign' ? 'signs' : 'verifies'}_per_second`,
          driver: await startDriver<SignAndVerify>(place, {
            program: new URL('../drivers/sign-and-verify.ts', import.meta.url),
            core: place.pinning.measured,
            setup: { algorithm, operation },
          }),
          rounds: [] as number[],
        })),
      ),
    );
    for (const { driver } of works) await driver.run(MILLISECONDS);
    // In turn, so that what slows the machine down for a while hits all of them.
    for (let round = 0; round < ROUNDS; round++) {
      for (const { driver, rounds } of works) rounds.push((await driver.run(MILLISECONDS)).perSecond);
    }
    const details = Object.fromEntries(works.map(({ name, rounds }) => [name, median(rounds)]));
    const seconds = (name: string) => 1 / (details[name] ?? Number.NaN);
    return {
      value: 1 / (seconds('eddsa_signs_per_second') + seconds('eddsa_verifies_per_second')),
      unit: '/s',
      details,
    };
  },
};
