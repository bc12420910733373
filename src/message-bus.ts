/**
 * How replicas send each other messages. A message may be lost, late or out of order, any time: nothing may be built on its
 * arrival but speed.
 */
export type MessageBus = {
  /** Rejects when it is known that nobody will hear it. */
  readonly publish: (channel: string, text: string) => Promise<void>;
  /** Once. The sender may hear himself. */
  readonly subscribe: (channels: readonly string[], onMessage: (channel: string, text: string) => void) => void;
};
