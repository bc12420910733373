import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase } from '../../../support/test-database.ts';
import type { TestDatabase } from '../../../support/test-database.ts';
import { SOME_HASH, addUser } from '../scene.ts';

const NEW_HASH = `$2b$10$${'b'.repeat(53)}`;

let database: TestDatabase;
let first: pg.Client;
let second: pg.Client;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());
beforeEach(async () => {
  first = await connect();
  second = await connect();
});
afterEach(async () => {
  await first?.end();
  await second?.end();
});

async function connect(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: database.serviceUrl });
  await client.connect();
  return client;
}

async function addPerson(): Promise<string> {
  const userId = await addUser(database.query, 'customer');
  await database.query('update accounts.users set password_hash = $2 where id = $1', [userId, SOME_HASH]);
  return userId;
}

/** The id of the session; null: refused. */
async function beginSession(client: pg.Client, userId: string, passwordHash: string | null): Promise<string | null> {
  const id = randomUUID();
  const { rows } = await client.query<{ roles: string[] | null }>(
    `select auth.create_session($1, $2, null, null, null, now() + interval '1 day', now() + interval '30 minutes', $3) as roles`,
    [userId, id, passwordHash],
  );
  return rows[0]?.roles ? id : null;
}

/** What replaces a password, and what that spares: the session, or none. */
const REPLACEMENTS = {
  'accounts.change_password': async (client: pg.Client, userId: string, spared: string | null, oldHash = SOME_HASH) =>
    (
      await client.query('select * from accounts.change_password($1, $2, $3, $4, $5)', [
        userId,
        spared,
        oldHash,
        NEW_HASH,
        'en',
      ])
    ).rows as { ended: number }[],
  'accounts.reset_password': async (client: pg.Client, userId: string) =>
    (await client.query('select * from accounts.reset_password($1, $2, $3)', [userId, NEW_HASH, 'en'])).rows as {
      ended: number;
    }[],
};

describe.each(Object.keys(REPLACEMENTS) as (keyof typeof REPLACEMENTS)[])(
  '%s and a login at the same moment',
  (name) => {
    it('ends the session that the old password begins before it', async () => {
      const userId = await addPerson();
      const own = await beginSession(first, userId, null);
      await first.query('begin');
      const begun = await beginSession(first, userId, SOME_HASH);
      const replaced = REPLACEMENTS[name](second, userId, own);
      await isWaiting();
      await first.query('commit');
      expect((await replaced)[0]?.ended).toBe(name === 'accounts.change_password' ? 1 : 2);
      expect(await liveSessions(userId)).not.toContain(begun);
    });

    it('lets the old password begin none behind it, and the new one does', async () => {
      const userId = await addPerson();
      const own = await beginSession(first, userId, null);
      await first.query('begin');
      await REPLACEMENTS[name](first, userId, own);
      const begun = beginSession(second, userId, SOME_HASH);
      await isWaiting();
      await first.query('commit');
      expect(await begun).toBeNull();
      expect(await beginSession(second, userId, NEW_HASH)).not.toBeNull();
    });

    it('changes nothing of an account that is closed', async () => {
      const userId = await addPerson();
      const own = await beginSession(first, userId, null);
      await database.query('update accounts.users set is_active = false where id = $1', [userId]);
      const rows = await REPLACEMENTS[name](first, userId, own).catch((error: unknown) => error);
      if (name === 'accounts.change_password') expect(rows).toMatchObject({ code: 'AU001', message: 'TOKEN_REVOKED' });
      else expect(rows).toEqual([]);
      expect(await hashOf(userId)).toBe(SOME_HASH);
    });
  },
);

describe('accounts.change_password', () => {
  it('compares the hash that was shown to be the current one', async () => {
    const userId = await addPerson();
    const own = await beginSession(first, userId, null);
    expect(await REPLACEMENTS['accounts.change_password'](first, userId, own, NEW_HASH)).toEqual([]);
    expect(await hashOf(userId)).toBe(SOME_HASH);
    expect(await database.query('select from auth.outbox_events where user_id = $1', [userId])).toEqual([]);
  });

  it('is refused to a session that has ended, and to that of somebody else', async () => {
    const [userId, otherId] = [await addPerson(), await addPerson()];
    const [own, other] = [await beginSession(first, userId, null), await beginSession(first, otherId, null)];
    await database.query("update auth.sessions set ended_at = now(), end_trigger = 'logout_this' where id = $1", [own]);
    for (const session of [own, other, null, randomUUID()]) {
      const calls = [
        () => REPLACEMENTS['accounts.change_password'](first, userId, session),
        () => first.query('select accounts.set_password($1, $2, $3, $4)', [userId, session, NEW_HASH, 'en']),
      ];
      for (const call of calls) await expect(call()).rejects.toThrow('TOKEN_REVOKED');
    }
  });
});

describe('auth.create_session', () => {
  it('asks for no password where none was shown', async () => {
    const userId = await addPerson();
    expect(await beginSession(first, userId, null)).not.toBeNull();
    await database.query('update accounts.users set password_hash = null where id = $1', [userId]);
    expect(await beginSession(first, userId, null)).not.toBeNull();
    expect(await beginSession(first, userId, SOME_HASH)).toBeNull();
  });
});

describe('auth.forgive_account', () => {
  it('clears the counts of the account, its devices and its sessions, and no other', async () => {
    const [userId, otherId] = [await addPerson(), await addPerson()];
    const subjects = [userId, otherId].flatMap((id) => [
      `user:${id}`,
      `user:${id}:device:${'f'.repeat(32)}`,
      `user:${id}:session:${randomUUID()}`,
    ]);
    const more = [`login:${userId}`, `address:${userId}`, `user:${userId}0:device:1`, `user:${userId};`];
    for (const subject of [...subjects, ...more]) {
      await database.query("insert into auth.login_attempts values ($1, 1, null, now() + interval '1 day')", [subject]);
    }
    await database.query('select auth.forgive_account($1)', [userId]);
    const left = await database.query<{ subject: string }>('select subject from auth.login_attempts');
    expect(left.map(({ subject }) => subject).sort()).toEqual([...subjects.slice(3), ...more].sort());
  });

  it('finds them by an index, however many others there are', async () => {
    await database.query(
      `insert into auth.login_attempts (subject, failures, expires_at)
       select 'user:' || gen_random_uuid() || ':device:1', 1, now() from generate_series(1, 5000)`,
    );
    await database.query('analyze auth.login_attempts');
    const [definition] = await database.query<{ body: string }>(
      "select pg_get_functiondef('auth.forgive_account'::regproc) as body",
    );
    const statement = /DELETE FROM auth\.login_attempts a\s+WHERE \(\(a\.subject ~~[^;]*/.exec(
      definition?.body ?? '',
    )?.[0];
    const text = statement?.replaceAll(/(forgive_account\.)?p_user_id/g, `'${randomUUID()}'::uuid`);
    const plan = await database.query<{ 'QUERY PLAN': string }>(`explain ${text ?? ''}`);
    expect(plan.map((line) => line['QUERY PLAN']).join('\n')).toContain('login_attempts_of_account');
  });
});

/** Until one connection waits for the lock of another. */
async function isWaiting(): Promise<void> {
  await expect
    .poll(() =>
      database.query("select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"),
    )
    .toHaveLength(1);
}

async function liveSessions(userId: string): Promise<string[]> {
  const text = 'select id from auth.sessions where user_id = $1 and ended_at is null';
  return (await database.query<{ id: string }>(text, [userId])).map(({ id }) => id);
}

async function hashOf(userId: string): Promise<string | undefined> {
  const text = 'select password_hash as hash from accounts.users where id = $1';
  return (await database.query<{ hash: string }>(text, [userId]))[0]?.hash;
}
