import type { Redis } from 'ioredis';
import type { MessageBus } from '../message-bus.ts';

type Deps = {
  readonly publisher: Pick<Redis, 'publish'>;
  /** A connection of its own: a subscribed one can do nothing else. */
  readonly subscriber: Pick<Redis, 'subscribe' | 'on' | 'status'>;
  readonly onProblem: (error: unknown) => void;
};

/** Messages to all replicas that are connected to the same Redis. */
export function createRedisMessageBus({ publisher, subscriber, onProblem }: Deps): MessageBus {
  return {
    async publish(channel, text) {
      await publisher.publish(channel, text);
    },
    subscribe(channels, onMessage) {
      subscriber.on('message', onMessage);
      const subscribe = () => void subscriber.subscribe(...channels).catch(onProblem);
      // Also after every reconnection.
      subscriber.on('ready', subscribe);
      if (subscriber.status === 'ready') subscribe();
    },
  };
}
