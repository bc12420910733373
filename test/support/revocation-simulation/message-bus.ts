import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';

/** What the protocol needs of Redis: publish and subscribe. Messages get lost, late, and out of order. */
export type MessageBus = {
  readonly connect: () => Connection;
  /** Nothing is delivered and nobody is answered; what was sent meanwhile arrives afterwards. */
  readonly freeze: (duration: number) => void;
  /** So many of a hundred messages are lost. */
  readonly lose: (percent: number, duration: number) => void;
  /** Another process with an empty memory takes its place: what was under way is lost, and nobody is subscribed. */
  readonly restart: (downFor: number) => void;
};

/** The connections of one process: one to publish, one that is subscribed. They come back by themselves, each in its time. */
export type Connection = {
  readonly publish: (channel: string, message: string) => Promise<void>;
  readonly subscribe: (receive: Receive) => void;
};

type Receive = (channel: string, message: string) => void;

/** As connectRedis sets it. */
const COMMAND_TIMEOUT = 500;
const LONGEST_RECONNECTION = 1000;

export function createMessageBus(timeline: Timeline, random: Random): MessageBus {
  const subscriptions: { receive: Receive; since: number }[] = [];
  const publishers: { connectedAt: number }[] = [];
  let frozenUntil = 0;
  let loss = { percent: 0, until: 0 };
  /** Each restart begins another; what was sent in an earlier one arrives nowhere. */
  let generation = 0;

  function send(channel: string, message: string): void {
    const isLossy = timeline.now() < loss.until;
    const mine = generation;
    for (const subscription of subscriptions) {
      if (subscription.since > timeline.now() || (isLossy && random.chance(loss.percent / 100))) continue;
      const delay = random.between(0.1, random.chance(0.1) ? 600 : 5);
      timeline.at(Math.max(timeline.now(), frozenUntil) + delay, () => {
        if (mine === generation) subscription.receive(channel, message);
      });
    }
  }

  return {
    connect() {
      const publisher = { connectedAt: 0 };
      publishers.push(publisher);
      return {
        publish(channel, message) {
          if (timeline.now() < publisher.connectedAt) return Promise.reject(new Error('Connection is closed.'));
          send(channel, message);
          const mine = generation;
          return new Promise((resolve, reject) => {
            const isFrozen = timeline.now() < frozenUntil;
            timeline.after(isFrozen ? COMMAND_TIMEOUT : random.between(0.1, 3), () => {
              if (mine !== generation) reject(new Error('Connection is closed.'));
              else if (isFrozen) reject(new Error('Command timed out'));
              else resolve();
            });
          });
        },
        subscribe: (receive) => void subscriptions.push({ receive, since: publisher.connectedAt }),
      };
    },
    freeze(duration) {
      frozenUntil = Math.max(frozenUntil, timeline.now() + duration);
    },
    lose(percent, duration) {
      loss = { percent, until: timeline.now() + duration };
    },
    restart(downFor) {
      generation += 1;
      frozenUntil = 0;
      const backAt = timeline.now() + downFor;
      for (const subscription of subscriptions) subscription.since = backAt + random.between(0, LONGEST_RECONNECTION);
      for (const publisher of publishers) publisher.connectedAt = backAt + random.between(0, LONGEST_RECONNECTION);
    },
  };
}
