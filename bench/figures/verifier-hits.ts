import { startDriver } from '../drivers/driver.ts';
import type { VerifyKnownTokens } from '../drivers/verify-known-tokens.ts';
import type { Figure } from '../figure.ts';
import { repeat } from '../rounds/repeat.ts';
import { mintForPerson } from '../scene/mint-for-person.ts';
import { TOKENS } from '../scene/validation-scene.ts';
import { startService } from '../servers/service.ts';

export const verifierHits: Figure = {
  name: 'verifier_hits_per_second',
  about:
    'verify/s of the local verifier, warm, per second of processor time: 10 000 live tokens, each time as a new string',
  atLeast: 1_000_000,
  async measure(place) {
    const service = await startService(place, { core: place.pinning.load });
    const driver = await startDriver<VerifyKnownTokens>(place, {
      program: new URL('../drivers/verify-known-tokens.ts', import.meta.url),
      core: place.pinning.measured,
      setup: { port: service.port, accessTokens: await mintForPerson(service, TOKENS) },
    });
    await driver.run(4000);
    const { value, spread, busy } = await repeat({
      driver,
      of: ({ perSecond }) => perSecond,
      seconds: 2,
      rounds: 7,
      say: place.say,
    });
    return { value, unit: '/s', spread, details: { verifier_cores: busy, nanoseconds_each: 1e9 / value } };
  },
};
