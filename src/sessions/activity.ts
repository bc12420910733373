import type { Clock } from '../clock.ts';
import type { SessionFunctions } from '../db/session-functions.ts';

type ActivityDeps = {
  readonly sessions: Pick<SessionFunctions, 'touchSessions'>;
  readonly clock: Pick<Clock, 'now'>;
};

type Activity = {
  /** Notes that a session is used. It costs a look-up, as every validation calls it. */
  readonly note: (token: { readonly sessionId: string }) => void;
  /** Writes down what was noted since the last time. What could not be written waits for the next time. @throws as PostgreSQL does */
  readonly flush: () => Promise<void>;
};

/** Sessions noted between two flushes at the most, some 20 MB; more are noted when they are used later. */
const MOST_NOTED = 100_000;
/** Sessions in one call: some milliseconds of work. */
const BATCH = 1000;

/** Remembers which sessions are used, so that their last activity costs no write for each call. */
export function createActivity({ sessions, clock }: ActivityDeps): Activity {
  /** When each was first used since the last flush, in epoch milliseconds. */
  let noted = new Map<string, number>();

  return {
    note({ sessionId }) {
      if (!noted.has(sessionId) && noted.size < MOST_NOTED) noted.set(sessionId, clock.now());
    },
    async flush() {
      const uses = [...noted].map(([sessionId, usedAt]) => ({ sessionId, usedAt: new Date(usedAt) }));
      noted = new Map();
      for (let written = 0; written < uses.length; written += BATCH) {
        try {
          await sessions.touchSessions(uses.slice(written, written + BATCH));
        } catch (error) {
          for (const { sessionId, usedAt } of uses.slice(written)) {
            // What was noted meanwhile is later.
            if (!noted.has(sessionId) && noted.size < MOST_NOTED) noted.set(sessionId, usedAt.getTime());
          }
          throw error;
        }
      }
    },
  };
}
