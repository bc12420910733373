import { setTimeout as sleep } from 'node:timers/promises';
import { outcomeOf } from '../../support/outcome.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { startCluster } from '../cluster.ts';
import type { Replica } from '../cluster.ts';
import type { Scenario } from '../scenario.ts';
import { createLedger } from '../traffic/ledger.ts';
import type { HeldToken } from '../traffic/ledger.ts';
import { createTokenSupply } from '../traffic/token-supply.ts';

type Size = {
  /** Of each kind of outage. */
  readonly rounds: number;
  /** Calls of one outage at the same time, and one after the other. */
  readonly inParallel: number;
  readonly inTurn: number;
  /** How long an answer may take; milliseconds. */
  readonly within: number;
};

const LEASE = 500;
const UNAVAILABLE = 'UNAVAILABLE DEPENDENCY_UNAVAILABLE';
/** Calls of the crowd come over this time, not all in one instant. */
const SPREAD = 500;
const BACK_WITHIN = 20_000;

/** PostgreSQL and Redis both away: killed, stopped, and behind a network that swallows everything. */
export const storesAway: Scenario<Size> = async (size, { scope, random, say }) => {
  const portOf = (url: string) => Number(new URL(url).port);
  const proxies: Awaited<ReturnType<typeof startTcpProxy>>[] = [];
  const behindProxy = async (url: string) => {
    const proxy = await startTcpProxy({ host: '127.0.0.1', port: portOf(url) });
    scope.defer(() => proxy.stop());
    proxies.push(proxy);
    return Object.assign(new URL(url), { port: String(proxy.port) }).href;
  };
  const { postgres, redis, replicas } = await startCluster(scope, {
    lease: LEASE,
    through: async ({ postgresUrl, redisUrl }) => ({
      postgresUrl: await behindProxy(postgresUrl),
      redisUrl: await behindProxy(redisUrl),
    }),
  });
  const outages: Record<string, { begin: () => Promise<unknown>; end: () => Promise<unknown> }> = {
    killed: {
      begin: () => Promise.all([postgres.kill(), redis.kill()]),
      end: () => Promise.all([postgres.start(), redis.restart()]),
    },
    stopped: {
      begin() {
        redis.pause();
        return postgres.pause();
      },
      end() {
        redis.resume();
        return postgres.resume();
      },
    },
    unreachable: {
      begin: async () => proxies.forEach((proxy) => proxy.stall()),
      end: () => Promise.all(proxies.map((proxy) => proxy.restore())),
    },
  };

  const ledger = createLedger();
  const supply = await createTokenSupply({ auth: replicas[0]!.auth() }, postgres);
  const live = (await supply.take(20)).map(ledger.hold);
  const [token] = live as [HeldToken];
  const counts: Record<string, number> = { outages: 0, unavailable: 0, other_answers: 0, slowest_answer_ms: 0 };
  const others = new Map<string, number>();
  let late = 0;

  async function ask(replica: Replica, asked: HeldToken): Promise<void> {
    const begin = performance.now();
    const outcome = await outcomeOf(replica.auth().validateToken({ accessToken: asked.text }));
    const took = performance.now() - begin;
    counts['slowest_answer_ms'] = Math.max(counts['slowest_answer_ms'] ?? 0, Math.round(took));
    if (took > size.within) late += 1;
    if (outcome === UNAVAILABLE) return void (counts['unavailable'] = (counts['unavailable'] ?? 0) + 1);
    counts['other_answers'] = (counts['other_answers'] ?? 0) + 1;
    others.set(outcome, (others.get(outcome) ?? 0) + 1);
  }
  /** Resolves when a token is answered as it should be. */
  async function untilBack(replica: Replica): Promise<void> {
    const deadline = performance.now() + BACK_WITHIN;
    while ((await outcomeOf(replica.auth().validateToken({ accessToken: token.text }))) !== 'OK') {
      if (performance.now() > deadline) throw new Error(`${replica.name} has not come back.`);
      await sleep(50);
    }
  }

  for (let round = 1; round <= size.rounds; round += 1) {
    for (const [kind, { begin, end }] of Object.entries(outages)) {
      const [ending = ''] = await supply.take(1);
      await ledger.logOut(replicas[round % 2]!, ledger.hold(ending));
      await begin();
      // The last lease was asked for before now.
      await sleep(LEASE + 50);
      const tokens = [...live, ...ledger.ended()];
      const any = () => tokens[Math.floor(random.between(0, tokens.length))] as HeldToken;
      await Promise.all(
        replicas.map(async (replica) => {
          for (let call = 0; call < size.inTurn; call += 1) await ask(replica, any());
        }),
      );
      await Promise.all(
        Array.from({ length: size.inParallel }, async (_, call) => {
          await sleep(random.between(0, SPREAD));
          await ask(replicas[call % replicas.length]!, any());
        }),
      );
      await end();
      counts['outages'] = (counts['outages'] ?? 0) + 1;
      await Promise.all(replicas.map(untilBack));
      for (const replica of replicas) await ledger.askAboutAll(replica);
      say(`round ${round}, ${kind}: slowest answer so far ${counts['slowest_answer_ms']} ms`);
    }
  }

  const problems = [...others].map(([outcome, count]) => `${count} x ${outcome} while nothing could be known`);
  if (late > 0) problems.push(`${late} answers took more than ${size.within} ms`);
  return { counts: { ...counts, ...ledger.counts() }, problems: [...problems, ...ledger.problems()] };
};
