import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../support/revocation-simulation/random.ts';
import type { Replica } from '../cluster.ts';
import type { Ledger } from './ledger.ts';
import type { TokenSupply } from './token-supply.ts';

type Options = {
  readonly perSecond: number;
  readonly replicas: readonly Replica[];
  readonly ledger: Ledger;
  readonly supply: TokenSupply;
  readonly random: Random;
};

export type LogOuts = {
  /** The most that were under way at once. */
  readonly mostInFlight: () => number;
  /** Begins no more; resolves when all have been answered and checked. */
  readonly stop: () => Promise<void>;
};

const TICK = 10;

/**
 * Logs people out at a rate, however long the answers take, on replicas that can be expected to answer; each token is
 * asked about on all other replicas as soon as its logout has been answered.
 */
export function startLogOuts({ perSecond, replicas, ledger, supply, random }: Options): LogOuts {
  const stopping = new AbortController();
  const inFlight = new Set<Promise<void>>();
  let mostInFlight = 0;

  async function one(accessToken: string): Promise<void> {
    const well = replicas.filter((replica) => replica.troubles() % 2 === 0);
    const revoker = well[Math.floor(random.between(0, well.length))];
    if (!revoker) return;
    const token = ledger.hold(accessToken);
    if (!(await ledger.logOut(revoker, token))) return;
    await Promise.all(
      replicas
        .filter((replica) => replica !== revoker && replica.isAlive())
        .map((replica) => ledger.ask(replica, token)),
    );
  }

  async function run(): Promise<void> {
    let stock: string[] = [];
    let next = supply.take(perSecond);
    const begin = performance.now();
    let begun = 0;
    while (!stopping.signal.aborted) {
      for (; begun < ((performance.now() - begin) / 1000) * perSecond; begun += 1) {
        if (stock.length === 0) {
          stock = await next;
          next = supply.take(perSecond);
          next.catch(() => undefined);
        }
        const work = one(stock.pop() ?? '').finally(() => inFlight.delete(work));
        inFlight.add(work);
        mostInFlight = Math.max(mostInFlight, inFlight.size);
      }
      await sleep(TICK);
    }
    await next;
  }

  const running = run();
  running.catch(() => undefined);
  return {
    mostInFlight: () => mostInFlight,
    async stop() {
      stopping.abort();
      await running;
      await Promise.all(inFlight);
    },
  };
}
