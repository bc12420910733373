import { availableParallelism } from 'node:os';
import bcrypt from 'bcrypt';
import type { CompareHashes } from '../drivers/compare-hashes.ts';
import { startDriver } from '../drivers/driver.ts';
import type { LogIn } from '../drivers/log-in.ts';
import type { Figure } from '../figure.ts';
import { compare } from '../rounds/compare.ts';
import { registerPeople } from '../scene/register-people.ts';
import { startService } from '../servers/service.ts';

export const loginVsBcrypt: Figure = {
  name: 'login_vs_bcrypt',
  about: 'logins/s over bcrypt.compare/s of the same cost, as many at once, on the same core',
  atLeast: 0.9,
  async measure(place) {
    // What the service allows itself by default on the cores it has; said to both, so that they cannot differ.
    const atOnce = Math.max(1, (place.pinning.isPinned ? 1 : availableParallelism()) - 1);
    const service = await startService(place, { settings: { HASH_CONCURRENCY: String(atOnce) } });
    const cost = service.config.BCRYPT_COST;

    // Enough that a hash is always waiting for its turn, each of them somebody else: attempts are counted per account.
    const people = await registerPeople(service.auth, atOnce * 4);
    const logIn = await startDriver<LogIn>(place, {
      program: new URL('../drivers/log-in.ts', import.meta.url),
      core: place.pinning.load,
      setup: { port: service.port, people: people.map(({ login, password }) => ({ login, password })) },
    });
    const password = people[0]?.password ?? '';
    const compareHashes = await startDriver<CompareHashes>(place, {
      program: new URL('../drivers/compare-hashes.ts', import.meta.url),
      core: place.pinning.measured,
      setup: { password, hash: await bcrypt.hash(password, cost), atOnce },
    });
    const { ratio, spread, perCoreRatio, measured, baseline } = await compare({
      measured: { name: 'Login', driver: logIn, pid: service.pid },
      baseline: { name: 'bcrypt.compare', driver: compareHashes, pid: compareHashes.pid },
      of: ({ perSecond }) => perSecond,
      warmUpSeconds: 2,
      seconds: 5,
      rounds: 7,
      say: place.say,
    });
    return {
      value: ratio,
      unit: 'ratio',
      spread,
      details: {
        by_processor_time: perCoreRatio,
        logins_per_second: measured.value,
        compares_per_second: baseline.value,
        bcrypt_cost: cost,
        hashes_at_once: atOnce,
      },
    };
  },
};
