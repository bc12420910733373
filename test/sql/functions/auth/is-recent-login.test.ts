import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSession } from '../../../support/sessions.ts';
import { authFunctionsOf } from '../../../support/stored-functions.ts';
import { createTestDatabase } from '../../../support/test-database.ts';
import type { TestDatabase } from '../../../support/test-database.ts';
import { addUser } from '../scene.ts';

const MINUTE = 60_000;

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

const isRecent = (sessionId: string) => authFunctionsOf(database).isRecentLogin(sessionId, 5 * MINUTE);

/** A session that was changed so; `$1` is its id. */
async function sessionWith(change: string): Promise<string> {
  const { sessionId } = await openSession(database, await addUser(database.query));
  await database.query(`update auth.sessions set ${change} where id = $1`, [sessionId]);
  return sessionId;
}

describe('auth.is_recent_login', () => {
  it.each([
    [true, 'that has just begun', 'created_at = now()'],
    [true, 'that began four minutes ago', `created_at = now() - interval '4 minutes'`],
    [false, 'that began five minutes ago', `created_at = now() - interval '5 minutes'`],
    [false, 'of yesterday', `created_at = now() - interval '1 day'`],
    // Refreshing makes no session younger.
    [false, 'of yesterday that is in use', `created_at = now() - interval '1 day', last_used_at = now()`],
    [false, 'that has ended', `ended_at = now(), end_trigger = 'logout_this'`],
  ])('says %s of a session %s', async (answer, _which, change) => {
    expect(await isRecent(await sessionWith(change))).toBe(answer);
  });

  it('says false of no session', async () => {
    expect(await isRecent(randomUUID())).toBe(false);
  });
});
