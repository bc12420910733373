import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';

/**
 * Whether the server is asked about a token whose key is not in the profile: the token may be newer than the profile.
 * Anybody can name a key that does not exist, as often as he likes: that must not become as many calls.
 */
export type UnknownKeys = {
  /** `unknown`: the server was asked a moment ago and does not know it either; `limited`: asked too often of late. */
  readonly decide: (kid: string) => 'ask' | 'unknown' | 'limited';
  readonly answered: (kid: string, isKnown: boolean) => void;
  /** Forgets what was answered: there is a new profile. */
  readonly forget: () => void;
};

/** Questions at once, and how many are added in a second. A key that the server has accepted is not counted. */
const MOST_QUESTIONS = 20;
/** Milliseconds that the server's "unknown" is believed; a key that comes to be arrives on the stream. */
const BELIEVED = 10_000;
const KEYS_KEPT = 1000;
/** Characters; those of the service are thumbprints of 43. */
const LONGEST_KID = 128;

export function createUnknownKeys({ clock }: { readonly clock: Pick<Clock, 'monotonic'> }): UnknownKeys {
  const answers = new LRUCache<string, { readonly isKnown: boolean; readonly until: number }>({ max: KEYS_KEPT });
  let questions = MOST_QUESTIONS;
  let countedAt = clock.monotonic();

  return {
    decide(kid) {
      if (kid.length > LONGEST_KID) return 'unknown';
      const now = clock.monotonic();
      const answer = answers.get(kid);
      if (answer && answer.until > now) return answer.isKnown ? 'ask' : 'unknown';
      questions = Math.min(MOST_QUESTIONS, questions + ((now - countedAt) / 1000) * MOST_QUESTIONS);
      countedAt = now;
      if (questions < 1) return 'limited';
      questions -= 1;
      return 'ask';
    },
    answered: (kid, isKnown) => void answers.set(kid, { isKnown, until: clock.monotonic() + BELIEVED }),
    forget: () => answers.clear(),
  };
}
