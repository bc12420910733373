import { setTimeout as sleep } from 'node:timers/promises';
import { startCluster } from '../cluster.ts';
import type { Replica } from '../cluster.ts';
import type { Scenario } from '../scenario.ts';
import { createLedger } from '../traffic/ledger.ts';
import type { HeldToken } from '../traffic/ledger.ts';
import { createTokenSupply } from '../traffic/token-supply.ts';
import { startValidators } from '../traffic/validators.ts';

type Size = {
  readonly revocations: number;
  /** Milliseconds: how long a view may take to be complete, and the 99th percentile of a validation meanwhile. */
  readonly within: number;
  readonly p99Below: number;
};

const VALIDATORS = 4;
/** Milliseconds until it is given up. */
const LONGEST = 60_000;

/**
 * Many live revocations. Replicas that run take them in, one that starts loads them, and one whose database has gone back
 * reads them all again; ValidateToken is asked all the time.
 */
export const rebuild: Scenario<Size> = async (size, { scope, random, say }) => {
  const { postgres, replicas, startReplica } = await startCluster(scope, { lease: 1000 });
  const ledger = createLedger();
  const supply = await createTokenSupply({ auth: replicas[0]!.auth() }, postgres);
  const live = (await supply.take(100)).map(ledger.hold);
  const [token] = live as [HeldToken];
  const counts: Record<string, number> = { revocations: size.revocations };
  const problems: string[] = [];

  /** Does something while replicas are asked; how long it took until it was done, and the latencies meanwhile. */
  async function timed(name: string, asked: readonly Replica[], work: () => Promise<unknown>): Promise<number> {
    const stopValidators = startValidators({ count: VALIDATORS, replicas: asked, ledger, live, random, pause: 2 });
    ledger.startTiming();
    const begin = performance.now();
    await work();
    const took = performance.now() - begin;
    const p99 = ledger.validationTime(99);
    await stopValidators();
    counts[`${name}_ms`] = Math.round(took);
    counts[`${name}_p99_ms`] = Math.round(p99 * 10) / 10;
    say(`${name}: ${took.toFixed(0)} ms, p99 of ValidateToken ${p99.toFixed(1)} ms`);
    if (took > size.within) problems.push(`${name} took ${took.toFixed(0)} ms`);
    return p99;
  }

  const latest = async () => {
    const [row] = await postgres.query<{ revision: string }>('select revision from auth.revocation_state');
    return Number(row?.revision);
  };
  /** Resolves when a replica answers by exactly the knowledge of this revision. */
  async function untilAt(revision: number, replica: Replica): Promise<void> {
    const deadline = performance.now() + LONGEST;
    // The callers beside this one tell if there is no answer.
    const known = async () => (await replica.auth().validateToken({ accessToken: token.text })).revision;
    while ((await known().catch(() => null)) !== revision) {
      if (performance.now() > deadline) throw new Error(`${replica.name} does not come to revision ${revision}.`);
      await sleep(5);
    }
  }

  // Nobody is told: they find it when they renew their leases.
  await postgres.query(
    `select auth.record_revocations('session', array(select gen_random_uuid() from generate_series(1, $1::int)),
            array_fill(now() + interval '30 minutes', array[$1::int]), gen_random_uuid(), 'logout_this', null)`,
    [size.revocations],
  );
  const revision = await latest();
  await timed('taken_in', replicas, () => Promise.all(replicas.map((replica) => untilAt(revision, replica))));

  let fresh: Replica | undefined;
  const whileLoading = await timed('loaded_by_a_new_replica', replicas, async () => {
    fresh = await startReplica('C');
    await untilAt(revision, fresh);
  });
  const afterwards = await timed('when_it_serves', [fresh!], () => sleep(1000));
  for (const p99 of [whileLoading, afterwards].filter((p99) => p99 > size.p99Below)) {
    problems.push(`p99 of ValidateToken was ${p99.toFixed(1)} ms while a replica started`);
  }

  // The last revocation never was, as after a fail-over that lost a commit: views that knew it are read anew.
  await postgres.query('delete from auth.revocations where revision = $1', [revision]);
  await postgres.query('update auth.revocation_state set revision = revision - 1');
  await timed('rebuilt', replicas, () => Promise.all(replicas.map((replica) => untilAt(revision - 1, replica))));

  const [first, second] = replicas as [Replica, Replica];
  if (await ledger.logOut(first, token)) await ledger.ask(second, token);
  return { counts: { ...counts, ...ledger.counts() }, problems: [...problems, ...ledger.problems()] };
};
