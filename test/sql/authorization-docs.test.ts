import { readFileSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSeed } from '../../docs/generate/seed.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { addUser, only } from './functions/scene.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

/** The rows of a query as texts, in an order of their own. */
const rows = async (text: string) =>
  (await database.query<Record<string, unknown>>(text)).map((row) => JSON.stringify(Object.values(row))).sort();
const texts = (list: readonly (readonly unknown[])[]) => list.map((row) => JSON.stringify(row)).sort();

describe('docs/authorization.md is made of a seed that is read as PostgreSQL reads it', () => {
  const seed = readSeed();

  it('the roles', async () => {
    expect(texts(seed.roles.map((role) => Object.values(role)))).toEqual(
      await rows('select name, title, level, listing, grant_scope, interface from accounts.user_groups'),
    );
  });

  it('the grant matrix', async () => {
    expect(texts(seed.grants)).toEqual(await rows('select granter, grantee from accounts.user_group_grants'));
  });

  it('who may register as what', async () => {
    expect(texts(seed.registrations)).toEqual(
      await rows('select interface, group_name from accounts.user_group_registrations'),
    );
  });

  it('the permissions, and who holds them', async () => {
    expect(texts(seed.permissions)).toEqual(await rows('select name, title from accounts.permissions'));
    expect(texts(seed.held)).toEqual(await rows('select role, permission from accounts.role_permissions'));
  });
});

describe('What docs/authorization.md says of new roles', () => {
  it('works as it stands there', async () => {
    const [, sql = ''] =
      /```sql\n(.*?)```/s.exec(readFileSync(new URL('../../docs/authorization.md', import.meta.url), 'utf8')) ?? [];
    expect(sql).toContain("'dispatcher'");
    const owner = new pg.Client({ connectionString: database.ownerUrl });
    await owner.connect();
    await owner.query(sql);
    await owner.end();

    const [manager, member] = [await addUser(database.query, 'manager'), await addUser(database.query, 'customer')];
    const head = await addUser(database.query, 'executor_head');
    const organisation = only(
      await database.query<{ id: string }>(`insert into accounts.organisations (name) values ('One') returning id`),
    ).id;
    await database.query(
      'insert into accounts.organisation_members (organisation_id, user_id, is_head) values ($1, $2, true), ($1, $3, false)',
      [organisation, head, member],
    );
    const grant = async (actor: string, inOrganisation: string | null) =>
      only(
        await database.query<{ outcome: string }>('select outcome from accounts.grant_role($1, $2, $3, $4)', [
          actor,
          member,
          'dispatcher',
          inOrganisation,
        ]),
      ).outcome;
    const isPermitted = async () =>
      only(
        await database.query<{ answer: boolean }>(
          `select accounts.has_permission($1, 'auth.sessions.read') as answer`,
          [member],
        ),
      ).answer;

    expect(await grant(head, null)).toBe('refused');
    expect(await grant(head, organisation)).toBe('granted');
    expect(await isPermitted()).toBe(false);
    expect(await grant(manager, null)).toBe('granted');
    expect(await isPermitted()).toBe(true);
    await database.query(`update accounts.user_groups set is_active = false where name = 'dispatcher'`);
    expect(await isPermitted()).toBe(false);
  });
});
