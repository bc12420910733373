import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSession } from '../../../support/sessions.ts';
import { createTestDatabase } from '../../../support/test-database.ts';
import type { TestDatabase } from '../../../support/test-database.ts';
import { SOME_HASH, addUser, only } from '../scene.ts';

const GUESTS = 50;
const RIVALS = 8;

let database: TestDatabase;
let clients: pg.Client[];
beforeAll(async () => {
  database = await createTestDatabase();
  clients = Array.from({ length: RIVALS }, () => new pg.Client({ connectionString: database.serviceUrl }));
  await Promise.all(clients.map((client) => client.connect()));
});
afterAll(async () => {
  await Promise.all((clients ?? []).map((client) => client.end()));
  await database?.drop();
});

async function newGuest(): Promise<string> {
  const { rows } = await clients[0]!.query<{ id: string }>("select accounts.create_guest('customer') as id");
  const { id } = only(rows);
  await openSession(database, id);
  return id;
}

async function inTransaction<T>(client: pg.Client, work: () => Promise<T>): Promise<T | string> {
  await client.query('begin');
  try {
    const result = await work();
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback');
    if (error instanceof pg.DatabaseError) return error.message;
    throw error;
  }
}

async function beginSession(client: pg.Client, userId: string): Promise<string> {
  const sessionId = randomUUID();
  await client.query(
    "select auth.create_session($1, $2, null, null, null, now() + interval '1 day', now() + interval '30 minutes')",
    [userId, sessionId],
  );
  return sessionId;
}

/** The session of a guest, live or not. */
async function sessionOf(guestId: string): Promise<string | undefined> {
  const rows = await database.query<{ id: string }>('select id from auth.sessions where user_id = $1', [guestId]);
  return rows[0]?.id;
}

/** What a login does with a guest; his account's id, or the word of the refusal. */
const link = (client: pg.Client, guestId: string, userId: string) =>
  inTransaction(client, async () => {
    const sessionId = await beginSession(client, userId);
    const guestSession = await sessionOf(guestId);
    await client.query('select * from auth.link_guest($1, $2, $3, $4)', [guestId, guestSession, userId, sessionId]);
    return userId;
  });

/** What a registration does with a guest; his id, or the word of the refusal. */
const upgrade = (client: pg.Client, guestId: string) =>
  inTransaction(client, async () => {
    const contacts = [{ type: 'second_login', value: randomUUID() }];
    const user = {
      interface: 'customer',
      contacts,
      password_hash: SOME_HASH,
      guest_user_id: guestId,
      guest_session_id: await sessionOf(guestId),
    };
    const { rows } = await client.query<{ id: string }>('select id from accounts.create_user_with_relations($1)', [
      user,
    ]);
    const { id } = only(rows);
    const sessionId = await beginSession(client, id);
    await client.query('select * from auth.upgrade_guest($1, $2)', [id, sessionId]);
    return id;
  });

const liveSessionsOf = (userId: string) =>
  database.query<{ id: string }>('select id from auth.sessions where user_id = $1 and ended_at is null', [userId]);

describe('auth.link_guest', () => {
  it("ends the guest, revokes his session and names him in the account's event", async () => {
    const [guest, account] = [await newGuest(), await addUser(database.query, 'customer')];
    const [session] = await liveSessionsOf(guest);
    expect(await link(clients[0]!, guest, account)).toBe(account);
    expect(
      await database.query(
        `select is_guest, is_active, deleted_at is not null as is_deleted, deactivated_at is not null as is_deactivated,
                deactivated_by
           from accounts.users where id = $1`,
        [guest],
      ),
    ).toEqual([{ is_guest: true, is_active: false, is_deleted: true, is_deactivated: true, deactivated_by: account }]);
    expect(await liveSessionsOf(guest)).toEqual([]);
    expect(await liveSessionsOf(account)).toHaveLength(1);
    expect(
      await database.query('select kind, trigger, revoked_by from auth.revocations where subject = $1', [session?.id]),
    ).toEqual([{ kind: 'session', trigger: 'guest_linked', revoked_by: account }]);
    expect(await database.query("select user_id, data from auth.outbox_events where type = 'guest.linked'")).toEqual([
      { user_id: account, data: { guest_user_id: guest } },
    ]);
  });

  it.each([
    ['a customer', () => addUser(database.query, 'customer')],
    [
      'a guest who is linked already',
      async () => {
        const guest = await newGuest();
        await link(clients[0]!, guest, await addUser(database.query, 'customer'));
        return guest;
      },
    ],
    [
      'a guest who has registered',
      async () => {
        const guest = await newGuest();
        await upgrade(clients[0]!, guest);
        return guest;
      },
    ],
    [
      'a guest who has closed his account',
      async () => {
        const guest = await newGuest();
        await database.query('update accounts.users set is_active = false where id = $1', [guest]);
        return guest;
      },
    ],
    ['nobody', () => Promise.resolve(randomUUID())],
  ])('refuses %s, and so does a registration; no session ends', async (_, prepare) => {
    const [guest, account] = [await prepare(), await addUser(database.query, 'customer')];
    const before = await liveSessionsOf(guest);
    expect(await link(clients[0]!, guest, account)).toBe('GUEST_TOKEN_REQUIRED');
    expect(await upgrade(clients[0]!, guest)).toBe('GUEST_TOKEN_REQUIRED');
    expect(await liveSessionsOf(guest)).toEqual(before);
    expect(await liveSessionsOf(account)).toEqual([]);
  });
});

describe('auth.upgrade_guest', () => {
  it('ends his sessions but the new one, by the trigger guest_upgraded', async () => {
    const guest = await newGuest();
    const [old] = await liveSessionsOf(guest);
    expect(await upgrade(clients[0]!, guest)).toBe(guest);
    const live = await liveSessionsOf(guest);
    expect(live).toHaveLength(1);
    expect(live).not.toEqual([old]);
    expect(await database.query('select end_trigger from auth.sessions where id = $1', [old?.id])).toEqual([
      { end_trigger: 'guest_upgraded' },
    ]);
    expect(await database.query('select accounts.get_user_roles($1) as roles', [guest])).toEqual([
      { roles: ['customer'] },
    ]);
  });
});

it(
  `one of ${RIVALS} registrations and logins at once has the guest, ${GUESTS} times`,
  { timeout: 60_000 },
  async () => {
    const accounts = await Promise.all(clients.map(() => addUser(database.query, 'customer')));
    const wins = { upgrade: 0, link: 0 };
    for (let round = 0; round < GUESTS; round += 1) {
      const guest = await newGuest();
      const users = await database.query('select from accounts.users');
      // Every other one registers; who begins differs, so that each way wins sometimes.
      const outcomes = await Promise.all(
        clients.map((client, index) =>
          (index + round) % 2 === 0 ? upgrade(client, guest) : link(client, guest, accounts[index] ?? ''),
        ),
      );
      const winners = outcomes.filter((outcome) => outcome !== 'GUEST_TOKEN_REQUIRED');
      expect(winners).toHaveLength(1);
      wins[winners[0] === guest ? 'upgrade' : 'link'] += 1;
      expect(await database.query('select from accounts.users')).toHaveLength(users.length);
      const events = await database.query(
        `select from auth.outbox_events
        where type = 'guest.upgraded' and user_id = $1 or type = 'guest.linked' and data ->> 'guest_user_id' = $1::text`,
        [guest],
      );
      expect(events).toHaveLength(1);
      expect(await liveSessionsOf(guest)).toHaveLength(winners[0] === guest ? 1 : 0);
    }
    expect(wins.upgrade).toBeGreaterThan(0);
    expect(wins.link).toBeGreaterThan(0);
  },
);
