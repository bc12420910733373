import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../support/revocation-simulation/random.ts';
import type { Replica } from '../cluster.ts';
import type { HeldToken, Ledger } from './ledger.ts';

type Options = {
  readonly count: number;
  readonly replicas: readonly Replica[];
  readonly ledger: Ledger;
  /** Tokens that nobody logs out: they have to be accepted all the time. */
  readonly live: readonly HeldToken[];
  readonly random: Random;
  /** Milliseconds between an answer and the next question; 0: none. */
  readonly pause: number;
};

/** Tokens that were logged out last are asked about most. */
const RECENT = 200;

/** Callers that ask about live and about ended tokens, each one question at a time. @returns how to end them */
export function startValidators({ count, replicas, ledger, live, random, pause }: Options): () => Promise<void> {
  const stopping = new AbortController();
  const pick = <T>(from: readonly T[], first = 0) => from[Math.floor(random.between(first, from.length))];

  function nextToken(): HeldToken | undefined {
    const ended = ledger.ended();
    if (ended.length === 0 || random.chance(0.5)) return pick(live);
    return pick(ended, random.chance(0.7) ? Math.max(0, ended.length - RECENT) : 0);
  }
  async function validate(): Promise<void> {
    while (!stopping.signal.aborted) {
      const [token, replica] = [nextToken(), pick(replicas)];
      if (token && replica?.isAlive()) await ledger.ask(replica, token);
      if (pause > 0) await sleep(pause);
    }
  }
  const running = Promise.all(Array.from({ length: count }, validate));
  running.catch(() => undefined);
  return async () => {
    stopping.abort();
    await running;
  };
}
