import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase } from '../../../support/test-database.ts';
import type { TestDatabase } from '../../../support/test-database.ts';

type Refusal = { position: number; reason: string; field: string };

let database: TestDatabase;
let service: pg.Client;
let registration: pg.Client;
const actor = { userId: '', sessionId: randomUUID() };

beforeAll(async () => {
  database = await createTestDatabase();
  const [admin] = await database.query<{ id: string }>('insert into accounts.users default values returning id');
  actor.userId = admin?.id ?? '';
  await database.query("insert into accounts.user_group_memberships (user_id, group_name) values ($1, 'superadmin')", [
    actor.userId,
  ]);
  await database.query(
    `insert into auth.sessions (id, user_id, expires_at, access_expires_at) values ($1, $2, now() + interval '1 day', now())`,
    [actor.sessionId, actor.userId],
  );
});
afterAll(() => database?.drop());
beforeEach(async () => {
  [service, registration] = (await Promise.all(
    [database.serviceUrl, database.ownerUrl].map(async (connectionString) => {
      const client = new pg.Client({ connectionString });
      await client.connect();
      return client;
    }),
  )) as [pg.Client, pg.Client];
});
afterEach(async () => {
  await service.end();
  await registration.end();
});

async function importUsers(...users: string[][]): Promise<Refusal[]> {
  const payload = users.map((values) => ({
    contacts: values.map((value) => ({ type: 'email', value })),
    roles: ['driver'],
  }));
  const { rows } = await service.query<Refusal>('select * from accounts.import_users($1, $2, $3, 0)', [
    actor.userId,
    actor.sessionId,
    JSON.stringify(payload),
  ]);
  return rows.sort((one, other) => one.position - other.position);
}
/** What a registration does that has not been committed. */
const claim = (value: string) =>
  registration.query(
    `with person as (insert into accounts.users default values returning id)
     insert into accounts.user_contacts (user_id, type, value, confirmed_at) select p.id, 'email', $1, now() from person p`,
    [value],
  );
async function isWaiting(): Promise<void> {
  for (;;) {
    const waiting = await database.query(
      "select from pg_stat_activity where wait_event_type = 'Lock' and query like '%accounts.import_users%' and datname = current_database()",
    );
    if (waiting.length > 0) return;
    await delay(5);
  }
}
const owners = async (...values: string[]) => {
  const rows = await database.query<{ value: string; user_id: string }>(
    'select c.value, c.user_id from accounts.user_contacts c where c.value = any ($1) order by 1',
    [values],
  );
  return rows.map(({ value }) => value);
};
const orphans = async () =>
  (
    await database.query(
      `select from accounts.users u
        where u.id <> $1 and not exists (select from accounts.user_contacts c where c.user_id = u.id)`,
      [actor.userId],
    )
  ).length;
const name = () => `${randomUUID()}@example.com`;

describe('accounts.import_users', () => {
  it('takes in 500 of whom each shares a contact with the one before him: every other one, in seconds', async () => {
    const values = Array.from({ length: 501 }, name);
    // As calls of the service are bounded.
    await service.query("set statement_timeout = '5s'");
    const refused = await importUsers(...values.slice(1).map((value, index) => [values[index] ?? '', value]));
    expect(refused.map(({ position, reason }) => [position, reason])).toEqual(
      Array.from({ length: 250 }, (_, index) => [2 * index + 2, 'CONTACT_TAKEN']),
    );
    expect(await orphans()).toBe(0);
  });

  it('takes one batch of an administrator at a time, so that whoever takes his role away gets his turn', async () => {
    await service.query('begin');
    await importUsers([name()]);
    // As accounts.administer_user does.
    const taking = registration.query('select from accounts.users u where u.id = $1 for no key update', [actor.userId]);
    const other = new pg.Client({ connectionString: database.serviceUrl });
    await other.connect();
    const importing = other.query(`select * from accounts.import_users($1, $2, '[]', 0)`, [
      actor.userId,
      actor.sessionId,
    ]);
    let isImported = false;
    void importing.then(() => (isImported = true));
    await isWaiting();
    expect(isImported).toBe(false);
    await service.query('commit');
    await Promise.all([taking, importing]);
    await other.end();
  });

  it('gives up the one whose contact is registered at this moment, and nobody else', async () => {
    const [lost, beside, other] = [name(), name(), name()];
    await registration.query('begin');
    await claim(lost);
    const importing = importUsers([beside, lost], [other]);
    await isWaiting();
    await registration.query('commit');
    expect(await importing).toEqual([{ position: 1, reason: 'CONTACT_TAKEN', field: 'contacts[1]' }]);
    expect(await owners(lost, beside, other)).toEqual([lost, other].sort());
    expect(await orphans()).toBe(0);
  });

  it('takes him in if that registration fails', async () => {
    const value = name();
    await registration.query('begin');
    await claim(value);
    const importing = importUsers([value]);
    await isWaiting();
    await registration.query('rollback');
    expect(await importing).toEqual([]);
    expect(await owners(value)).toEqual([value]);
  });

  it('gives the contacts of one who lost another to who comes behind him', async () => {
    const [lost, shared] = [name(), name()];
    await registration.query('begin');
    await claim(lost);
    const importing = importUsers([shared, lost], [shared]);
    await isWaiting();
    await registration.query('commit');
    expect(await importing).toEqual([{ position: 1, reason: 'CONTACT_TAKEN', field: 'contacts[1]' }]);
    expect(await owners(shared)).toEqual([shared]);
    expect(await orphans()).toBe(0);
  });

  it('cannot deadlock with a registration of several contacts: both go in their order', async () => {
    const id = randomUUID();
    const [first, second] = [`a-${id}@example.com`, `b-${id}@example.com`];
    await registration.query('begin');
    await claim(first);
    const importing = importUsers([second], [first]);
    await isWaiting();
    await claim(second);
    await registration.query('commit');
    expect((await importing).map(({ reason }) => reason)).toEqual(['CONTACT_TAKEN', 'CONTACT_TAKEN']);
    expect(await orphans()).toBe(0);
  });

  it('lets the first of several have what they share, however they overlap', async () => {
    const [a, b, c, d] = [name(), name(), name(), name()];
    expect(await importUsers([a, b], [b, c], [c, d], [d, a], [d])).toEqual([
      { position: 2, reason: 'CONTACT_TAKEN', field: 'contacts[0]' },
      { position: 4, reason: 'CONTACT_TAKEN', field: expect.any(String) },
      { position: 5, reason: 'CONTACT_TAKEN', field: 'contacts[0]' },
    ]);
    expect(await owners(a, b, c, d)).toEqual([a, b, c, d].sort());
    expect(await orphans()).toBe(0);
  });
});
