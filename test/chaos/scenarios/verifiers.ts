import { setTimeout as sleep } from 'node:timers/promises';
import { createTokenVerifier } from '../../../src/client/token-verifier.ts';
import type { TokenVerifier } from '../../../src/client/token-verifier.ts';
import { startCluster } from '../cluster.ts';
import type { Scenario } from '../scenario.ts';
import { createLedger } from '../traffic/ledger.ts';
import type { HeldToken } from '../traffic/ledger.ts';
import { startLogOuts } from '../traffic/log-outs.ts';
import { redisFaultKinds } from '../traffic/redis-fault-kinds.ts';
import { createTokenSupply } from '../traffic/token-supply.ts';

type Size = {
  /** Of Redis, and restarts and stops of a server that is followed. */
  readonly redisFaults: number;
  readonly restarts: number;
  readonly stops: number;
};

const MAX_STALENESS = 1500;
const VERIFIERS = 4;
const LOGOUTS_PER_SECOND = 100;
const RECENT = 300;

/** Verifiers in other processes' place: they follow the revocations, and never accept what was revoked longer ago than they may be stale. */
export const verifiers: Scenario<Size> = async (size, { scope, random, say }) => {
  const { postgres, redis, redisDirectory, replicas } = await startCluster(scope, { lease: 1000 });
  const ledger = createLedger();
  const supply = await createTokenSupply({ auth: replicas[0]!.auth() }, postgres);
  const live = (await supply.take(100)).map(ledger.hold);
  const followers = Array.from({ length: VERIFIERS }, (_, index) => {
    const { address } = replicas[index % replicas.length]!.process();
    const verifier = createTokenVerifier({ address, maxStaleness: MAX_STALENESS });
    scope.defer(() => verifier.close());
    return verifier;
  });
  await Promise.all(followers.map((verifier) => verifier.ready(AbortSignal.timeout(20_000))));

  const counts = { verified: 0, of_revoked_tokens: 0, accepted_too_late: 0, could_not_be_decided: 0, live_refused: 0 };
  let latest = 0;
  const stopping = new AbortController();
  async function ask(verifier: TokenVerifier, token: HeldToken): Promise<void> {
    const revokedFor = performance.now() - token.endedAt();
    try {
      const { principal } = await verifier.verify(token.text);
      counts.verified += 1;
      if (revokedFor > 0) counts.of_revoked_tokens += 1;
      if (principal && revokedFor > 0) latest = Math.max(latest, revokedFor);
      if (principal && revokedFor > MAX_STALENESS) counts.accepted_too_late += 1;
      if (!principal && token.state() === 'live') counts.live_refused += 1;
    } catch {
      counts.could_not_be_decided += 1;
    }
  }
  const verifying = followers.map(async (verifier) => {
    while (!stopping.signal.aborted) {
      const ended = ledger.ended();
      const recent = Math.floor(random.between(Math.max(0, ended.length - RECENT), ended.length));
      const token = random.chance(0.3) ? undefined : ended[recent];
      await ask(verifier, token ?? live[Math.floor(random.between(0, live.length))]!);
      await sleep(1);
    }
  });
  const logOuts = startLogOuts({ perSecond: LOGOUTS_PER_SECOND, replicas, ledger, supply, random });

  const kinds = Object.values(redisFaultKinds);
  for (let fault = 0; fault < size.redisFaults; fault += 1) {
    await sleep(random.between(300, 1000));
    await kinds[fault % kinds.length]!({ redis, redisDirectory }, random.between(0, 2000));
  }
  say(`${size.redisFaults} faults of Redis, ${ledger.counts()['logouts']} logouts`);
  for (let restart = 0; restart < size.restarts; restart += 1) {
    const replica = replicas[restart % replicas.length]!;
    await sleep(random.between(300, 1000));
    await replica.kill();
    await sleep(random.between(0, 2 * MAX_STALENESS));
    await replica.restart();
  }
  say(`${size.restarts} kills of a server, ${ledger.counts()['logouts']} logouts`);
  for (let stop = 0; stop < size.stops; stop += 1) {
    const replica = replicas[stop % replicas.length]!;
    await sleep(random.between(300, 1000));
    replica.pause();
    await sleep(random.between(1000, 3 * MAX_STALENESS));
    await replica.resume(live[0]!.text);
  }
  say(`${size.stops} stops of a server, ${ledger.counts()['logouts']} logouts`);
  await logOuts.stop();

  // Everybody finds his way back.
  await Promise.all(followers.map((verifier) => verifier.ready(AbortSignal.timeout(30_000))));
  await sleep(MAX_STALENESS);
  stopping.abort();
  await Promise.all(verifying);
  let acceptedInTheEnd = 0;
  for (const verifier of followers) {
    for (const token of ledger.ended()) if ((await verifier.verify(token.text)).principal) acceptedInTheEnd += 1;
  }

  const { logouts = 0 } = ledger.counts();
  const wrong = {
    'accepted although revoked for longer than maxStaleness': counts.accepted_too_late,
    'live tokens refused': counts.live_refused,
    'accepted in the end although revoked': acceptedInTheEnd,
  };
  return {
    counts: {
      redis_faults: size.redisFaults,
      kills: size.restarts,
      stops: size.stops,
      logouts,
      ...counts,
      accepted_after_at_most_ms: Math.round(latest),
    },
    problems: [
      ...Object.entries(wrong).flatMap(([what, count]) => (count > 0 ? [`${count} x ${what}`] : [])),
      ...ledger.problems(),
    ],
  };
};
