import { createCleanUp } from '../jobs/clean-up.ts';
import { createPeriodic } from '../jobs/periodic.ts';
import type { Ground } from './ground.ts';
import type { Stores } from './stores.ts';
import type { Tokens } from './tokens.ts';
import type { Revocation } from './revocation.ts';
import type { Shared } from './shared.ts';

/** What is done by itself. */
export function startJobs(
  { config, opened, onProblem }: Ground,
  { functions: { auth, contacts } }: Stores,
  { rotateKeys }: Tokens,
  { revocations }: Revocation,
  { activity }: Shared,
): void {
  const cleanUp = createCleanUp({
    auth,
    contacts,
    contactReservation: config.CONTACT_RESERVATION,
    sessionRetention: config.SESSION_RETENTION,
    eventRetention: config.EVENT_RETENTION,
    messageRetention: config.MESSAGE_RETENTION,
  });
  // What was noted last is written when the job has ended, which is after the door was closed.
  opened.defer(() => activity.flush().catch(onProblem));
  const jobs = [
    createPeriodic({ interval: config.CLEAN_UP_INTERVAL, work: cleanUp, onProblem }),
    createPeriodic({ interval: 60_000, work: () => rotateKeys('if-due'), onProblem }),
    createPeriodic({ interval: 1000, work: () => revocations.prune(), onProblem }),
    createPeriodic({ interval: config.SESSION_ACTIVITY_INTERVAL, work: activity.flush, onProblem }),
  ];
  for (const job of jobs) {
    job.start();
    opened.defer(() => job.stop());
  }
}
