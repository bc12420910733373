import { readFileSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSeed } from '../../docs/generate/seed.ts';
import { addOrganisation } from '../support/delegation.ts';
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

/** The SQL of the document that has something in it. */
function documented(what: string): string {
  const text = readFileSync(new URL('../../docs/authorization.md', import.meta.url), 'utf8');
  return only([...text.matchAll(/```sql\n(.*?)```/gs)].map(([, sql = '']) => sql).filter((sql) => sql.includes(what)));
}

async function asOwner(sql: string): Promise<void> {
  const owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
  await owner.query(sql);
  await owner.end();
}

describe('What docs/authorization.md says of new roles', () => {
  it('works as it stands there', async () => {
    await asOwner(documented("'dispatcher'"));

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

describe('What docs/authorization.md says of organisations', () => {
  it('renames one, and deletes one with its roles and invitations, and nothing of others', async () => {
    const [head, driver] = [await addUser(database.query, 'executor_head'), await addUser(database.query, 'customer')];
    const [organisation = '', other = ''] = await Promise.all(
      [1, 2].map(() => addOrganisation(database.query, { heads: [head], members: [driver] })),
    );
    for (const [role, place] of [
      ['driver', organisation],
      ['courier', other],
    ]) {
      await database.query('select * from accounts.grant_role($1, $2, $3, $4)', [head, driver, role, place]);
      await database.query(
        `select * from accounts.invite_member($1, $2, uuidv7(), 'email', 'oleg@example.com', '{driver}', $3, '1 day', 'en', 10)`,
        [head, place, 'a'.repeat(64)],
      );
    }
    const of = (sql: string) => sql.replaceAll(":'organisation'", `'${organisation}'`);
    const organisations = () =>
      database.query('select id, name, roles from accounts.list_organisations($1) order by name', [driver]);

    await asOwner(of(documented("name = 'Rapid Couriers'")));
    expect(await organisations()).toEqual([
      { id: organisation, name: 'Rapid Couriers', roles: ['driver'] },
      { id: other, name: 'Test', roles: ['courier'] },
    ]);

    const { revision } = only(await database.query<{ revision: string }>('select revision from auth.read_revision()'));
    await asOwner(of(documented('commit;')));
    expect(await organisations()).toEqual([{ id: other, name: 'Test', roles: ['courier'] }]);
    const granted = only(
      await database.query<{ outcome: string }>('select outcome from accounts.grant_role($1, $2, $3, $4)', [
        head,
        driver,
        'courier',
        organisation,
      ]),
    );
    expect(granted.outcome).toBe('refused');
    // What replicas are told: his tokens have lost the one role, and not the other.
    expect(
      await database.query('select roles from auth.revocations where subject = $1 and revision > $2', [
        driver,
        revision,
      ]),
    ).toEqual([{ roles: ['courier', 'customer'] }]);
    expect(
      await database.query(
        `select organisation_id, end_cause from auth.challenges where purpose = 'invitation' and ended_at is null`,
      ),
    ).toEqual([{ organisation_id: other, end_cause: null }]);
  });
});
