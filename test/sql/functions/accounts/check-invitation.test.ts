import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addOrganisation, addRoleHolder } from '../../../support/delegation.ts';
import { createTestDatabase } from '../../../support/test-database.ts';
import type { TestDatabase } from '../../../support/test-database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

const [RIGHT, WRONG] = ['a'.repeat(64), 'b'.repeat(64)];

/** An invitation, and another one whose secret has the other hash. */
async function invited(): Promise<string> {
  const head = await addRoleHolder(database.query, 'executor_head');
  const organisationId = await addOrganisation(database.query, { heads: [head] });
  const ids: string[] = [];
  for (const [contact, hash] of [
    ['oleg@example.com', RIGHT],
    ['maria@example.com', WRONG],
  ]) {
    const [{ id } = { id: '' }] = await database.query<{ id: string }>('select uuidv7() as id');
    await database.query(
      `select * from accounts.invite_member($1, $2, $3, 'email', $4, '{courier,driver}', $5, '1 day', 'en', 100)`,
      [head, organisationId, id, contact, hash],
    );
    ids.push(id);
  }
  return ids[0] ?? '';
}
const check = (id: string, hash: string) =>
  database.query('select outcome, contact, organisation_name, roles from accounts.check_invitation($1, $2)', [
    id,
    hash,
  ]);

describe('accounts.check_invitation', () => {
  it('says whereto an invitation leads, and with which roles, to whoever shows its secret', async () => {
    const told = { contact: 'oleg@example.com', organisation_name: 'Test', roles: ['courier', 'driver'] };
    expect(await check(await invited(), RIGHT)).toEqual([{ outcome: 'accepted', ...told }]);
  });

  it('says nothing to whoever shows that of another', async () => {
    expect(await check(await invited(), WRONG)).toEqual([]);
  });

  it('tells one that is over from one that was used', async () => {
    const id = await invited();
    for (const [cause, outcome] of [
      ['used', 'used'],
      ['cancelled', 'gone'],
      ['replaced', 'gone'],
    ]) {
      await database.query('update auth.challenges set ended_at = now(), end_cause = $2 where id = $1', [id, cause]);
      expect(await check(id, RIGHT)).toMatchObject([{ outcome }]);
    }
  });
});
