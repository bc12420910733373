import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { ValidateTokenRequest } from '../../src/gen/auth/v1/auth_service.ts';
import { startDriver } from '../drivers/driver.ts';
import type { Driver } from '../drivers/driver.ts';
import type { LogIn } from '../drivers/log-in.ts';
import type { ValidateAtRate } from '../drivers/validate-at-rate.ts';
import type { Figure } from '../figure.ts';
import { compare } from '../rounds/compare.ts';
import { median } from '../rounds/median.ts';
import { registerPeople } from '../scene/register-people.ts';
import { TOKENS, prepareValidation } from '../scene/validation-scene.ts';
import { startUnarySide } from './unary-side.ts';

const PRINCIPAL = 0x0a;
/** So that all hashes are being computed when the first validation is sent; milliseconds. */
const LEAD = 500;

export const validateUnderLoginStorm: Figure = {
  name: 'validate_under_login_storm',
  about:
    'p99 of ValidateToken while logins keep the hasher full, over p99 without; calls by the clock at half of what is possible, counted from when they were due',
  atMost: 4,
  async measure(place) {
    // On all cores, as the bound on hashes is: it leaves one core for everything else, and there has to be another.
    // Its bound on calls under way is lifted, so that calls that pile up show as the time they take, not as refusals.
    const { service, accessTokens } = await prepareValidation(place, {
      core: null,
      settings: { MAX_CALLS_IN_FLIGHT: '100000' },
    });
    const most = await measureMost((await startUnarySide(place, service, accessTokens)).driver);
    const validate = await startDriver<ValidateAtRate>(place, {
      program: new URL('../drivers/validate-at-rate.ts', import.meta.url),
      core: place.pinning.load,
      setup: {
        port: service.port,
        connections: 8,
        perSecond: most / 2,
        requests: accessTokens.map((accessToken) =>
          ValidateTokenRequest.encode({ accessToken, consistency: undefined }).finish(),
        ),
        firstByte: PRINCIPAL,
      },
    });
    // A hash is always waiting for its turn.
    const people = await registerPeople(service.auth, Math.max(1, availableParallelism() - 1) + 4);
    const logIn = await startDriver<LogIn>(place, {
      program: new URL('../drivers/log-in.ts', import.meta.url),
      core: place.pinning.load,
      setup: { port: service.port, people: people.map(({ login, password }) => ({ login, password })) },
    });

    const logins: number[] = [];
    const late = { storm: [] as number[], quiet: [] as number[] };
    const storm: Pick<Driver, 'run'> = {
      async run(milliseconds) {
        const [round, { calls, perSecond }] = await Promise.all([
          delay(LEAD).then(() => validate.run(milliseconds)),
          logIn.run(LEAD + milliseconds),
        ]);
        if (calls === 0) throw new Error('There was no storm of logins.');
        logins.push(perSecond);
        late.storm.push(round.lateP99 ?? Number.NaN);
        return round;
      },
    };
    const keptUp: number[] = [];
    const quiet: Pick<Driver, 'run'> = {
      async run(milliseconds) {
        const round = await validate.run(milliseconds);
        keptUp.push(round.perSecond / (most / 2));
        late.quiet.push(round.lateP99 ?? Number.NaN);
        return round;
      },
    };
    const { ratio, spread, measured, baseline } = await compare({
      measured: { name: 'under logins', driver: storm, pid: service.pid },
      baseline: { name: 'without', driver: quiet, pid: service.pid },
      of: ({ p99 }) => p99,
      warmUpSeconds: 4,
      seconds: 4,
      rounds: 5,
      say: place.say,
    });
    // Calls that pile up on both sides make a ratio near 1 that says nothing.
    if (median(keptUp) < 0.95) {
      throw new Error('The machine was too busy: half of what was possible at first was more than it could do later.');
    }
    return {
      value: ratio,
      unit: 'ratio',
      spread,
      details: {
        storm_p50_ms: measured.p50,
        storm_p99_ms: measured.p99,
        // What of it is the load generator's own.
        storm_sent_late_p99_ms: median(late.storm),
        quiet_sent_late_p99_ms: median(late.quiet),
        quiet_p50_ms: baseline.p50,
        quiet_p99_ms: baseline.p99,
        validations_per_second: most / 2,
        logins_per_second: median(logins),
        storm_service_cores: measured.busy,
        quiet_service_cores: baseline.busy,
        load_cores: measured.loadBusy,
      },
    };
  },
};

/** Calls a second when each is sent as soon as the one before has been answered. */
async function measureMost({ run }: Pick<Driver, 'run'>): Promise<number> {
  for (let calls = 0; calls < 2 * TOKENS; calls += (await run(2000)).calls);
  const rounds: number[] = [];
  for (let round = 0; round < 3; round++) rounds.push((await run(1500)).perSecond);
  return median(rounds);
}
