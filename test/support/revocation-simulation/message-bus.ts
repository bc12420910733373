import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';

/** What the protocol needs of Redis: publish and subscribe. Messages get lost, late, and out of order. */
export type MessageBus = {
  readonly publish: (channel: string, message: string) => Promise<void>;
  readonly subscribe: (receive: (channel: string, message: string) => void) => void;
  /** Nothing is delivered and nobody is answered; what was sent meanwhile arrives afterwards. */
  readonly freeze: (duration: number) => void;
  /** So many of a hundred messages are lost. */
  readonly lose: (percent: number, duration: number) => void;
};

/** As connectRedis sets it. */
const COMMAND_TIMEOUT = 500;

export function createMessageBus(timeline: Timeline, random: Random): MessageBus {
  const subscribers: ((channel: string, message: string) => void)[] = [];
  let frozenUntil = 0;
  let loss = { percent: 0, until: 0 };

  return {
    publish(channel, message) {
      const isLossy = timeline.now() < loss.until;
      for (const receive of subscribers) {
        if (isLossy && random.chance(loss.percent / 100)) continue;
        const delay = random.between(0.1, random.chance(0.1) ? 600 : 5);
        timeline.at(Math.max(timeline.now(), frozenUntil) + delay, () => receive(channel, message));
      }
      return new Promise((resolve, reject) => {
        if (timeline.now() >= frozenUntil) timeline.after(random.between(0.1, 3), resolve);
        else timeline.after(COMMAND_TIMEOUT, () => reject(new Error('Command timed out')));
      });
    },
    subscribe: (receive) => void subscribers.push(receive),
    freeze(duration) {
      frozenUntil = Math.max(frozenUntil, timeline.now() + duration);
    },
    lose(percent, duration) {
      loss = { percent, until: timeline.now() + duration };
    },
  };
}
