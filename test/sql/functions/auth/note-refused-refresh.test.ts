import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSession } from '../../../support/sessions.ts';
import { authFunctionsOf } from '../../../support/stored-functions.ts';
import { createTestDatabase } from '../../../support/test-database.ts';
import type { TestDatabase } from '../../../support/test-database.ts';
import { addUser } from '../scene.ts';

let database: TestDatabase;
let service: pg.Pool;
beforeAll(async () => {
  database = await createTestDatabase();
  service = new pg.Pool({ connectionString: database.serviceUrl, max: 20 });
});
afterAll(async () => {
  await service?.end();
  await database?.drop();
});

const note = (sessionId: string) => authFunctionsOf(database).noteRefusedRefresh(sessionId);
const eventsOf = (sessionId: string) =>
  database.query<{ type: string; user_id: string; data: object }>(
    'select type, user_id, data from auth.outbox_events where session_id = $1',
    [sessionId],
  );
async function openScene() {
  const userId = await addUser(database.query);
  return { userId, ...(await openSession(database, userId)) };
}

describe('auth.note_refused_refresh', () => {
  it('leaves an event, and the session as it was', async () => {
    const { userId, sessionId } = await openScene();
    const look = () =>
      database.query(
        `select s, t.generation, t.token_hash, t.previous_token_hash, t.rotated_at, t.expires_at
           from auth.sessions s join auth.refresh_tokens t on t.session_id = s.id where s.id = $1`,
        [sessionId],
      );
    const before = await look();
    await note(sessionId);
    expect(await eventsOf(sessionId)).toEqual([{ type: 'session.refresh_refused', user_id: userId, data: {} }]);
    expect(await look()).toEqual(before);
  });

  it('leaves one event of 200 refusals at once', async () => {
    const { sessionId } = await openScene();
    await Promise.all(
      Array.from({ length: 200 }, () => service.query('select auth.note_refused_refresh($1)', [sessionId])),
    );
    expect(await eventsOf(sessionId)).toHaveLength(1);
  });

  it('leaves another one a minute later, and not before', async () => {
    const { sessionId } = await openScene();
    const passes = (time: string) =>
      database.query('update auth.refresh_tokens set refused_at = refused_at - $2::interval where session_id = $1', [
        sessionId,
        time,
      ]);
    await note(sessionId);
    await passes('50 seconds');
    await note(sessionId);
    expect(await eventsOf(sessionId)).toHaveLength(1);
    await passes('10 seconds');
    await note(sessionId);
    expect(await eventsOf(sessionId)).toHaveLength(2);
  });

  it('counts each session by itself', async () => {
    const [one, other] = [await openScene(), await openScene()];
    await note(one.sessionId);
    await note(other.sessionId);
    expect(await eventsOf(one.sessionId)).toHaveLength(1);
    expect(await eventsOf(other.sessionId)).toHaveLength(1);
  });

  it.each([
    ['that has ended', `update auth.sessions set ended_at = now(), end_trigger = 'logout_this' where id = $1`],
    ['that has expired', 'update auth.sessions set expires_at = now() where id = $1'],
    ['whose token has expired', 'update auth.refresh_tokens set expires_at = now() where session_id = $1'],
    ['without a token', 'delete from auth.refresh_tokens where session_id = $1'],
  ])('has nothing to tell of a session %s', async (_which, change) => {
    const { sessionId } = await openScene();
    await database.query(change, [sessionId]);
    await note(sessionId);
    expect(await eventsOf(sessionId)).toEqual([]);
  });

  it('has nothing to tell of no session', async () => {
    const sessionId = randomUUID();
    await note(sessionId);
    expect(await eventsOf(sessionId)).toEqual([]);
  });
});
