import type { MessageBus } from '../message-bus.ts';

/**
 * Tells the other replicas of a revision and hears from them that they know it. Messages may be lost at any time: then the
 * promise stays open, and the caller waits for the leases instead.
 */
export type Announcer = {
  /** Resolves when every one of `replicas` has told that it knows the revision; rejects when it cannot be announced. */
  readonly announce: (revision: number, replicas: readonly string[], signal: AbortSignal) => Promise<void>;
  readonly start: () => void;
};

type Deps = {
  readonly bus: MessageBus;
  readonly replicaId: string;
  /** Resolves when this replica knows the revision, with the latest that it knows. */
  readonly learn: (revision: number) => Promise<number>;
  readonly onProblem: (error: unknown) => void;
};

type Wait = { readonly revision: number; readonly missing: Set<string>; readonly resolve: () => void };

const REVISIONS = 'auth:revocations';
const KNOWN = 'auth:revocations:known';

export function createAnnouncer({ bus, replicaId, learn, onProblem }: Deps): Announcer {
  const waits = new Set<Wait>();
  /** How many announcements have come, and how many of them had when we last told what we know. */
  let heard = 0;
  let told = { heard: 0, revision: -1 };

  /** Every message is `<replica id> <revision>`. */
  async function onMessage(channel: string, message: string): Promise<void> {
    const [sender, revisionText] = message.split(' ');
    const revision = Number(revisionText);
    if (!sender || sender === replicaId || !Number.isSafeInteger(revision)) return;

    if (channel === KNOWN) {
      for (const wait of waits) {
        if (revision >= wait.revision && wait.missing.delete(sender) && wait.missing.size === 0) wait.resolve();
      }
      return;
    }
    heard += 1;
    const turn = heard;
    const known = await learn(revision);
    // One telling answers all announcements that had come by then. Whoever announces later was not listening yet, perhaps.
    if (turn <= told.heard && revision <= told.revision) return;
    told = { heard, revision: known };
    await bus.publish(KNOWN, `${replicaId} ${known}`);
  }

  return {
    start() {
      bus.subscribe([REVISIONS, KNOWN], (channel, message) => void onMessage(channel, message).catch(onProblem));
    },
    async announce(revision, replicas, signal) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const wait: Wait = { revision, missing: new Set(replicas), resolve };
      waits.add(wait);
      signal.addEventListener('abort', () => waits.delete(wait), { once: true });
      await bus.publish(REVISIONS, `${replicaId} ${revision}`);
      await promise;
    },
  };
}
