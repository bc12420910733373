import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase } from '../../../support/test-database.ts';
import type { TestDatabase } from '../../../support/test-database.ts';
import { SOME_HASH, only } from '../scene.ts';

const LINKS = 200;
const RIVALS = 8;
const SECRET_HASH = 'a'.repeat(64);

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

/** What FinishRegistration does in its transaction, without the hash that makes it slow. */
async function finish(client: pg.Client, challengeId: string, email: string): Promise<string> {
  await client.query('begin');
  try {
    const { rows } = await client.query<{ outcome: string }>(
      "select outcome from auth.redeem_challenge($1, 'registration', $2, null)",
      [challengeId, SECRET_HASH],
    );
    const { outcome } = only(rows);
    if (outcome === 'accepted') {
      const contacts = [{ type: 'email', value: email, is_confirmed: true }];
      await client.query('select from accounts.create_user_with_relations($1)', [
        { interface: 'customer', contacts, password_hash: SOME_HASH },
      ]);
    }
    await client.query('commit');
    return outcome;
  } catch (error) {
    await client.query('rollback');
    return (error as Error).message;
  }
}

describe('The transaction of a registration by link', () => {
  it(`${LINKS} links, each in ${RIVALS} transactions at once: one user each`, { timeout: 60_000 }, async () => {
    for (let round = 0; round < LINKS; round += 1) {
      const [id, email] = [randomUUID(), `link-${round}@example.com`];
      await addLink(id, email);
      const outcomes = await Promise.all(clients.map((client) => finish(client, id, email)));
      expect(outcomes.toSorted()).toEqual(['accepted', ...Array.from({ length: RIVALS - 1 }, () => 'used')]);
    }
    expect(await database.query('select from accounts.users')).toHaveLength(LINKS);
  });

  it('a link that lost its address is not used up', async () => {
    const [first, second] = [randomUUID(), randomUUID()];
    const email = 'wanted@example.com';
    await addLink(first, email);
    await finish(clients[0]!, first, email);
    await addLink(second, email);
    expect(await finish(clients[0]!, second, email)).toBe('REGISTER_USER_ALREADY_EXISTS');
    expect(await database.query('select ended_at from auth.challenges where id = $1', [second])).toEqual([
      { ended_at: null },
    ]);
  });

  async function addLink(id: string, email: string): Promise<void> {
    await database.query(
      `insert into auth.challenges (id, purpose, method, contact_type, contact, secret_hash, expires_at)
       values ($1, 'registration', 'link', 'email', $2, $3, now() + interval '10 minutes')`,
      [id, email, SECRET_HASH],
    );
  }
});
