import { setTimeout as sleep } from 'node:timers/promises';
import { startCluster } from '../cluster.ts';
import type { Scenario } from '../scenario.ts';
import { shuffled } from '../shuffled.ts';
import { createLedger } from '../traffic/ledger.ts';
import { startLogOuts } from '../traffic/log-outs.ts';
import { createTokenSupply } from '../traffic/token-supply.ts';
import { startValidators } from '../traffic/validators.ts';

type Size = {
  readonly kills: number;
  readonly stops: number;
  /** Seconds. */
  readonly longestStop: number;
};

const LEASE = 1000;
const LOGOUTS_PER_SECOND = 50;
const VALIDATORS = 8;

/**
 * Replicas are killed and started again, or stand still; the other one goes on. Questions to one that stands still wait in
 * its socket, and are the first that it sees when it goes on with a lease that is long over.
 */
export const replicaFaults: Scenario<Size> = async (size, { scope, random, say }) => {
  const { postgres, replicas } = await startCluster(scope, { lease: LEASE });
  const ledger = createLedger();
  const supply = await createTokenSupply({ auth: replicas[0]!.auth() }, postgres);
  const live = (await supply.take(100)).map(ledger.hold);
  const stopValidators = startValidators({ count: VALIDATORS, replicas, ledger, live, random, pause: 5 });
  const logOuts = startLogOuts({ perSecond: LOGOUTS_PER_SECOND, replicas, ledger, supply, random });

  const plan = shuffled(random, [...Array<'kill'>(size.kills).fill('kill'), ...Array<'stop'>(size.stops).fill('stop')]);
  for (const [index, fault] of plan.entries()) {
    await sleep(random.between(300, 1500));
    const replica = replicas[index % replicas.length]!;
    if (fault === 'kill') {
      await replica.kill();
      await replica.restart();
    } else {
      replica.pause();
      await sleep(random.between(1000, size.longestStop * 1000));
      await replica.resume(live[0]!.text);
    }
    if ((index + 1) % 10 === 0) say(`${index + 1} of ${plan.length} faults, ${ledger.counts()['logouts']} logouts`);
  }
  await sleep(1000);
  await logOuts.stop();
  await stopValidators();
  for (const replica of replicas) await ledger.askAboutAll(replica);
  return { counts: { kills: size.kills, stops: size.stops, ...ledger.counts() }, problems: ledger.problems() };
};
