import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { BROKEN_VARIANTS } from '../../support/revocation-simulation/broken-variants.ts';
import { explore } from '../../support/revocation-simulation/explore.ts';
import type { Seen } from '../../support/revocation-simulation/explore.ts';
import type { Scenario } from '../scenario.ts';

type Size = { readonly schedules: number };

const SEEDS = 2 ** 31;
/** Schedules in which a broken variant has to be found. */
const SCHEDULES_PER_VARIANT = 5000;

/** The simulation of the protocol, a thread a core; and each broken variant, which it has to catch. */
export const protocol: Scenario<Size> = async ({ schedules }, { scope, random, say }) => {
  const threads = availableParallelism();
  const problems: string[] = [];
  const begin = performance.now();
  const shares = Array.from({ length: threads }, async (): Promise<Seen | null> => {
    const worker = new Worker(new URL('./protocol-worker.ts', import.meta.url), {
      workerData: { schedules: Math.ceil(schedules / threads), seed: Math.floor(random.between(0, SEEDS)) },
    });
    scope.defer(async () => {
      await worker.terminate();
    });
    try {
      const [seen] = (await once(worker, 'message')) as [Seen];
      return seen;
    } catch (error) {
      problems.push((error as Error).message);
      return null;
    }
  });
  const seen = (await Promise.all(shares)).filter((share) => share !== null);
  const seconds = (performance.now() - begin) / 1000;
  const sum = (key: keyof Seen) => seen.reduce((total, share) => total + share[key], 0);
  const perSecond = Math.round(sum('schedules') / seconds);
  say(`${sum('schedules')} schedules, ${perSecond} a second`);

  let caught = 0;
  for (const [name, flaws] of BROKEN_VARIANTS) {
    const variant = { schedules: SCHEDULES_PER_VARIANT, seed: Math.floor(random.between(0, SEEDS)), flaws };
    const violation = await explore(variant).then(
      () => null,
      (error: unknown) => (error as Error).message,
    );
    if (violation?.includes('accepted by replica')) caught += 1;
    else problems.push(`not caught: a protocol that ${name}`);
  }
  say(`${caught} of ${BROKEN_VARIANTS.length} broken variants caught`);

  const slowest = Math.max(...seen.map((share) => share.slowestAnswer));
  if (slowest > 1.1) problems.push(`a revoker waited ${slowest} leases`);
  return {
    counts: {
      schedules: sum('schedules'),
      schedules_per_second: perSecond,
      logouts: sum('answeredLogouts'),
      refused_validations: sum('refusedValidations'),
      accepted_live_tokens: sum('acceptedLiveTokens'),
      broken_variants_caught: caught,
    },
    problems,
  };
};
