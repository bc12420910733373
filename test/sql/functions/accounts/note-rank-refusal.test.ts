import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase } from '../../../support/test-database.ts';
import type { TestDatabase } from '../../../support/test-database.ts';
import { inParallel } from '../in-parallel.ts';
import { addUser } from '../scene.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => {
  await database?.drop();
});

const METHOD = 'accounts.v1.Some/Method';
const note = async (actor: string, userId: string, { method = METHOD, connections = 1 } = {}) =>
  await inParallel(database.serviceUrl, connections, (client) =>
    client.query('select accounts.note_rank_refusal($1, $2, $3)', [actor, userId, method]),
  );
const noted = (actor: string) =>
  database.query(`select action, user_id, data from auth.audit_events where actor_id = $1 order by id`, [actor]);

describe('accounts.note_rank_refusal', () => {
  it('writes whom, and by which method, once of eight at the same moment, and anew a minute later', async () => {
    const [actor, userId] = [await addUser(database.query, 'support'), await addUser(database.query, 'manager')];
    const entry = { action: 'rank.refused', user_id: userId, data: { method: METHOD } };
    await note(actor, userId, { connections: 8 });
    expect(await noted(actor)).toEqual([entry]);
    await database.query(
      `update auth.audit_events set id = auth.first_id_at(now() - interval '61 seconds') where actor_id = $1`,
      [actor],
    );
    await note(actor, userId);
    expect(await noted(actor)).toEqual([entry, entry]);
  });

  it('writes it of each method, of its first 256 characters', async () => {
    const [actor, userId] = [await addUser(database.query, 'support'), await addUser(database.query, 'manager')];
    const method = 'x'.repeat(256);
    for (const each of [METHOD, `${method}y`, `${method}y`]) await note(actor, userId, { method: each });
    expect(await noted(actor)).toMatchObject([{ data: { method: METHOD } }, { data: { method } }]);
  });

  it.each(['support', 'customer'])('writes nothing of a %s, who does not rank higher', async (role) => {
    const [actor, userId] = [await addUser(database.query, 'support'), await addUser(database.query, role)];
    await note(actor, userId);
    expect(await noted(actor)).toEqual([]);
  });
});
