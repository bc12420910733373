import type { Delay } from '../clock.ts';
import type { CommittedRevocation } from '../db/auth-functions.ts';
import type { Announcer } from './announcer.ts';
import type { Replica } from './replica.ts';

/** Resolves when a committed revocation holds on every replica. It never rejects: waiting is always enough. */
export type ConfirmRevocation = (committed: CommittedRevocation) => Promise<void>;

type ConfirmDeps = {
  readonly replica: Pick<Replica, 'id' | 'learn'>;
  /** null: no way to reach the others; their leases are waited for. */
  readonly announcer: Pick<Announcer, 'announce'> | null;
  readonly delay: Delay;
};

/** Two clocks may run apart by this much over one lease; generous, as 0.02 % would be a bad clock already. */
export const CLOCK_MARGIN = 1.05;

export function createConfirmRevocation({ replica, announcer, delay }: ConfirmDeps): ConfirmRevocation {
  return async ({ revision, replicas, longestLease }) => {
    const giveUp = new AbortController();
    // The commit is behind us, so every lease on a view without it was asked for before now and ends within one lease.
    const everyLeaseIsOver = delay(longestLease * CLOCK_MARGIN, giveUp.signal);
    const others = replicas.filter((id) => id !== replica.id);
    const everyoneKnows = Promise.all([
      replica.learn(revision),
      others.length === 0
        ? undefined
        : (announcer?.announce(revision, others, giveUp.signal) ?? Promise.reject(new Error('There is no announcer.'))),
    ]);
    await Promise.race([everyoneKnows.catch(() => everyLeaseIsOver), everyLeaseIsOver]);
    giveUp.abort();
  };
}
