import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase } from '../../../support/test-database.ts';
import type { TestDatabase } from '../../../support/test-database.ts';
import { addUser, only } from '../scene.ts';

const PERMISSION = 'auth.tokens.explain';

let database: TestDatabase;
let connections: pg.Client[];
beforeAll(async () => {
  database = await createTestDatabase();
  connections = Array.from({ length: 2 }, () => new pg.Client({ connectionString: database.serviceUrl }));
  await Promise.all(connections.map((each) => each.connect()));
});
afterAll(async () => {
  await Promise.all((connections ?? []).map((each) => each.end()));
  await database?.drop();
});

async function check(connection: pg.Client | undefined, userId: string, permission = PERMISSION): Promise<boolean> {
  const found = await connection?.query<{ answer: boolean }>(
    `select accounts.check_permission($1, $2, 'auth.v1.Some/Method') as answer`,
    [userId, permission],
  );
  return only(found?.rows ?? []).answer;
}
const refusals = async (userId: string) =>
  (
    await database.query(`select from auth.audit_events where action = 'permission.refused' and actor_id = $1`, [
      userId,
    ])
  ).length;

describe('accounts.check_permission', () => {
  it('lets staff through and writes nothing', async () => {
    const userId = await addUser(database.query, 'support');
    expect(await check(connections[0], userId)).toBe(true);
    expect(await refusals(userId)).toBe(0);
  });

  it('refuses others, and says so once a minute', async () => {
    const userId = await addUser(database.query, 'customer');
    for (const wanted of [PERMISSION, PERMISSION, 'auth.no.such', '']) {
      expect(await check(connections[0], userId, wanted)).toBe(false);
    }
    expect(await refusals(userId)).toBe(3);
  });

  it('says it once of two at the same moment: the second one waits until the entry of the first is there', async () => {
    const userId = await addUser(database.query, 'customer');
    const [first, second] = connections;
    await first?.query('begin');
    await check(first, userId);
    let isThrough = false;
    const refused = check(second, userId).then(() => (isThrough = true));
    await expect
      .poll(async () => {
        const waiting = await database.query(
          `select from pg_locks l join pg_database d on d.oid = l.database
            where d.datname = current_database() and l.locktype = 'advisory' and not l.granted`,
        );
        return isThrough || waiting.length > 0;
      })
      .toBe(true);
    await first?.query('commit');
    await refused;
    expect(await refusals(userId)).toBe(1);
  });

  it('keeps nobody waiting for somebody else', async () => {
    const [one, other] = [await addUser(database.query, 'customer'), await addUser(database.query, 'customer')];
    const [first, second] = connections;
    await first?.query('begin');
    await check(first, one);
    expect(await check(second, other)).toBe(false);
    await first?.query('rollback');
    expect([await refusals(one), await refusals(other)]).toEqual([0, 1]);
  });
});
