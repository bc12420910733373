import { setTimeout as sleep } from 'node:timers/promises';
import type { Clients } from '../../support/service.ts';

export type Watcher = {
  /** `<revision> <id>` of every revocation, in the order in which they came. */
  readonly told: readonly string[];
  readonly revision: () => number;
  /** How often the stream broke and was opened again. */
  readonly reopened: () => number;
  readonly stop: () => Promise<void>;
};

/** Follows the revocations after a revision, and goes on where it was whenever its stream ends. */
export function startWatcher(clients: () => Pick<Clients, 'revocations'>, after: number): Watcher {
  const stopping = new AbortController();
  const told: string[] = [];
  let revision = after;
  let reopened = 0;

  async function follow(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        const options = { signal: stopping.signal };
        for await (const response of clients().revocations.watchRevocations({ afterRevision: revision }, options)) {
          for (const { revision: number, subject } of response.revocations) {
            if (subject && subject.$case !== 'roleChange') told.push(`${number} ${subject.value}`);
          }
          ({ revision } = response);
        }
      } catch {
        // What matters is what was told in the end.
      }
      reopened += 1;
      await sleep(50);
    }
  }
  const following = follow();
  return {
    told,
    revision: () => revision,
    reopened: () => reopened - 1,
    async stop() {
      stopping.abort();
      await following;
      reopened = Math.max(reopened, 1);
    },
  };
}
