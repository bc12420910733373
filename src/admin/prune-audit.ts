import { duration } from '../config/duration.ts';
import { interval, oneRow } from '../db/one-row.ts';
import type { OwnerDatabase } from './open-database.ts';

/** Rows of one transaction: some tens of milliseconds, so that nobody waits for it. */
const BATCH = 5000;

/** Not less than the database allows. */
const AGE = duration({ atLeast: '30d', atMost: '36500d' });

/** Removes old entries of the audit, batch by batch, and says how many. The service itself cannot remove any. */
export async function pruneAudit(
  { call }: Pick<OwnerDatabase, 'call'>,
  olderThan: string | undefined,
  batch = BATCH,
): Promise<string> {
  const age = AGE.safeParse(olderThan ?? '');
  if (!age.success)
    throw new TypeError(`prune-audit needs an age: --older-than=400d; it ${age.error.issues[0]?.message}.`);
  let total = 0;
  let removed: number;
  do {
    const args = [interval(age.data), batch];
    removed = Number(
      oneRow(await call<{ prune_audit_events: string }>('auth.prune_audit_events', args)).prune_audit_events,
    );
    total += removed;
  } while (removed === batch);
  return `Removed ${total} entries of the audit that were older than ${olderThan}.`;
}
