import { setTimeout as sleep } from 'node:timers/promises';
import { startCluster } from '../cluster.ts';
import type { Scenario } from '../scenario.ts';
import { shuffled } from '../shuffled.ts';
import { createLedger } from '../traffic/ledger.ts';
import { startLogOuts } from '../traffic/log-outs.ts';
import { redisFaultKinds } from '../traffic/redis-fault-kinds.ts';
import { createTokenSupply } from '../traffic/token-supply.ts';
import { startValidators } from '../traffic/validators.ts';

type Size = {
  readonly flushes: number;
  readonly kills: number;
  readonly stops: number;
  /** Seconds. */
  readonly longestStop: number;
  readonly emptyRestarts: number;
};

const LOGOUTS_PER_SECOND = 200;
const VALIDATORS = 8;
/** What is between two faults, in milliseconds: sometimes too little for all connections to come back, mostly enough. */
const QUIET = { shortest: 300, longest: 2000 };
/** A logout waits one lease at most; ten is a hang on any machine. */
const LEASE = 1000;

/** Redis loses its memory, dies and stands still under 200 logouts a second; PostgreSQL is well all the time. */
export const redisFaults: Scenario<Size> = async (size, { scope, random, say }) => {
  const cluster = await startCluster(scope, { lease: LEASE });
  const { postgres, replicas } = cluster;
  const ledger = createLedger();
  const supply = await createTokenSupply({ auth: replicas[0]!.auth() }, postgres);
  const live = (await supply.take(100)).map(ledger.hold);
  const stopValidators = startValidators({ count: VALIDATORS, replicas, ledger, live, random, pause: 5 });
  const logOuts = startLogOuts({ perSecond: LOGOUTS_PER_SECOND, replicas, ledger, supply, random });

  const plan = shuffled(random, [
    ...Array<'flush'>(size.flushes).fill('flush'),
    ...Array<'kill'>(size.kills).fill('kill'),
    ...Array<'stop'>(size.stops).fill('stop'),
    ...Array<'emptyRestart'>(size.emptyRestarts).fill('emptyRestart'),
  ]);
  for (const [index, fault] of plan.entries()) {
    await sleep(random.between(QUIET.shortest, QUIET.longest));
    const downFor = fault === 'stop' ? random.between(1000, size.longestStop * 1000) : random.between(0, 1000);
    await redisFaultKinds[fault](cluster, downFor);
    if ((index + 1) % 10 === 0) say(`${index + 1} of ${plan.length} faults, ${ledger.counts()['logouts']} logouts`);
  }
  await sleep(QUIET.longest);
  await logOuts.stop();
  await stopValidators();
  const { validations } = ledger.counts();
  for (const replica of replicas) await ledger.askAboutAll(replica);

  const counts = ledger.counts();
  const isHung = (counts['slowest_logout_ms'] ?? 0) > 10 * LEASE;
  return {
    counts: {
      flushes: size.flushes,
      kills: size.kills,
      stops: size.stops,
      empty_restarts: size.emptyRestarts,
      ...counts,
      validations_meanwhile: validations ?? 0,
      most_calls_in_flight: logOuts.mostInFlight(),
      validation_p99_ms: Math.round(ledger.validationTime(99)),
    },
    problems: [...ledger.problems(), ...(isHung ? [`a logout took ${counts['slowest_logout_ms']} ms`] : [])],
  };
};
