import { setTimeout as delay } from 'node:timers/promises';
import type { Query } from './scene.ts';

/** Resolves when a statement with that text waits for a lock; fails when none has within ten seconds. */
export async function untilWaiting(query: Query, text: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline) {
    const waiting = await query(
      `select from pg_stat_activity a
        where a.datname = current_database() and a.wait_event_type = 'Lock' and position($1 in a.query) > 0`,
      [text],
    );
    if (waiting.length > 0) return;
    await delay(10);
  }
  throw new Error(`Nothing like "${text}" waits for a lock.`);
}
