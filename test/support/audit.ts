import type { TestDatabase } from './test-database.ts';

/** The audit of a user in its order: what was done to him, by whom, and what is told of it. */
export async function auditOfUser(database: Pick<TestDatabase, 'query'>, userId: string) {
  return await database.query<{ action: string; actor_id: string; data: Record<string, unknown> }>(
    'select action, actor_id, data from auth.audit_events where user_id = $1 order by id',
    [userId],
  );
}
