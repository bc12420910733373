import type { MessageBus } from '../message-bus.ts';
import type { HashSlots } from '../passwords/hash-slots.ts';
import type { FromPrimary, FromWorker } from './messages.ts';

/** What a worker has of the process that has started it. */
export type PrimaryLink = {
  /** Reaches the other workers of this primary. */
  readonly bus: MessageBus;
  readonly hashSlots: HashSlots;
};

type Deps = {
  readonly tell: (message: FromWorker) => Promise<void>;
  readonly listen: (hear: (message: FromPrimary) => void) => void;
};

export function createPrimaryLink({ tell, listen }: Deps): PrimaryLink {
  const grants = new Map<number, () => void>();
  let lastId = 0;

  listen((message) => {
    if (message.kind === 'slot') grants.get(message.id)?.();
  });

  return {
    bus: {
      publish: (channel, text) => tell({ kind: 'publish', channel, text }),
      subscribe(channels, onMessage) {
        listen((message) => {
          if (message.kind === 'message' && channels.includes(message.channel))
            onMessage(message.channel, message.text);
        });
      },
    },
    hashSlots: {
      async take(signal) {
        signal?.throwIfAborted();
        const id = (lastId += 1);
        // A primary that cannot be told is gone, and this process with it.
        const giveBack = () => void tell({ kind: 'give slot back', id }).catch(() => undefined);
        const { promise: granted, resolve, reject } = Promise.withResolvers<void>();
        const leave = () => reject(signal?.reason);
        grants.set(id, resolve);
        signal?.addEventListener('abort', leave, { once: true });
        try {
          await Promise.all([tell({ kind: 'take slot', id }), granted]);
          return giveBack;
        } catch (error) {
          // Whether it still waits or was granted in this moment: the primary knows.
          giveBack();
          throw error;
        } finally {
          grants.delete(id);
          signal?.removeEventListener('abort', leave);
        }
      },
    },
  };
}
