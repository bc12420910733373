import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase } from '../../../support/test-database.ts';
import type { TestDatabase } from '../../../support/test-database.ts';

let database: TestDatabase;
let replicas: pg.Client[];
beforeAll(async () => {
  database = await createTestDatabase();
  replicas = await Promise.all(
    [1, 2].map(async () => {
      const client = new pg.Client({ connectionString: database.serviceUrl });
      await client.connect();
      return client;
    }),
  );
  // Counts what is written, whoever writes it.
  await database.query('create table public.writes (session_id uuid)');
  await database.query(
    `create function public.count_write() returns trigger language plpgsql security definer as
       $$ begin insert into public.writes values (new.id); return new; end $$`,
  );
  await database.query(
    'create trigger count_write after update of last_used_at on auth.sessions for each row execute function public.count_write()',
  );
});
afterAll(async () => {
  for (const replica of replicas ?? []) await replica.end();
  await database?.drop();
});
beforeEach(() => database.query('truncate public.writes'));

/** Sessions that were last used so long ago. */
async function sessions(count: number, age: string): Promise<string[]> {
  const ids = Array.from({ length: count }, () => randomUUID());
  const [user] = await database.query<{ id: string }>(
    "insert into accounts.users (profile) values ('{}') returning id",
  );
  await database.query(
    `insert into auth.sessions (id, user_id, last_used_at, expires_at, access_expires_at)
     select s.id, $2, now() - $3::interval, now() + interval '9 days', now() from unnest($1::uuid[]) s (id)`,
    [ids, user?.id, age],
  );
  return ids;
}

async function touch(replica: pg.Client | undefined, ids: readonly string[], usedAt = new Date()): Promise<number> {
  const result = await replica?.query<{ touch_sessions: number }>('select * from auth.touch_sessions($1, $2)', [
    ids,
    ids.map(() => usedAt),
  ]);
  return result?.rows[0]?.touch_sessions ?? Number.NaN;
}

const writes = async () => (await database.query('select session_id from public.writes')).length;
const lastUse = async (id: string | undefined) => {
  const [row] = await database.query<{ last_used_at: Date }>('select last_used_at from auth.sessions where id = $1', [
    id,
  ]);
  return row?.last_used_at.getTime() ?? Number.NaN;
};

describe('auth.touch_sessions', () => {
  it('writes a session once a minute, whichever replica asks', async () => {
    const ids = await sessions(3, '2 minutes');
    expect(await touch(replicas[0], ids)).toBe(3);
    expect(await touch(replicas[0], ids)).toBe(0);
    expect(await touch(replicas[1], ids)).toBe(0);
    expect(await writes()).toBe(3);
  });

  it('writes none that was noted less than a minute ago', async () => {
    const ids = await sessions(2, '59 seconds');
    expect(await touch(replicas[0], ids)).toBe(0);
    expect(await touch(replicas[0], await sessions(2, '61 seconds'))).toBe(2);
    expect(await writes()).toBe(2);
  });

  it('writes each once when two replicas come with the same 200 in the other order, 20 times over', async () => {
    for (let round = 0; round < 20; round += 1) {
      await database.query('truncate public.writes');
      const ids = await sessions(200, '2 minutes');
      const counts = await Promise.all([touch(replicas[0], ids), touch(replicas[1], ids.toReversed())]);
      expect(counts[0]! + counts[1]!).toBe(await writes());
      expect(await writes()).toBe(200);
    }
  });

  it('passes over a session that is held, and does not wait for it', async () => {
    const [held, free] = await sessions(2, '2 minutes');
    const refresh = new pg.Client({ connectionString: database.ownerUrl });
    await refresh.connect();
    await refresh.query('begin');
    await refresh.query('select from auth.sessions where id = $1 for update', [held]);
    expect(await touch(replicas[0], [held!, free!])).toBe(1);
    await refresh.end();
    expect(await touch(replicas[0], [held!, free!])).toBe(1);
  });

  it('never sets a time that is to come, or one before the stored one', async () => {
    const [early, late] = await sessions(2, '2 minutes');
    const before = await lastUse(early);
    expect(await touch(replicas[0], [early!], new Date(Date.now() - 3_600_000))).toBe(0);
    expect(await lastUse(early)).toBe(before);
    await touch(replicas[0], [late!], new Date(Date.now() + 3_600_000));
    const [now] = await database.query<{ now: Date }>('select now()');
    expect(await lastUse(late)).toBeLessThanOrEqual(now!.now.getTime());
  });

  it('leaves a session that has ended, and knows nothing of one that is gone', async () => {
    const [ended] = await sessions(1, '2 minutes');
    await database.query("update auth.sessions set ended_at = now(), end_trigger = 'logout_this' where id = $1", [
      ended,
    ]);
    expect(await touch(replicas[0], [ended!, randomUUID()])).toBe(0);
    expect(await touch(replicas[0], [])).toBe(0);
  });
});
