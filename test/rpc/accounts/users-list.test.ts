import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserState } from '../../../src/gen/accounts/v1/user.ts';
import type { ListUsersRequest } from '../../../src/gen/accounts/v1/users_admin_service.ts';
import { addOrganisation, roleHolder } from '../../support/delegation.ts';
import type { RoleHolder } from '../../support/organisations.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';

type Filter = Partial<ListUsersRequest>;

let database: TestDatabase;
let service: TestService;
let support: RoleHolder;
let organisationId: string;
beforeAll(async () => {
  database = await createTestDatabase();
  service = await startService({ DATABASE_URL: database.serviceUrl });
  support = await roleHolder(service, database, 'support');
  organisationId = await addOrganisation(database.query, {});
  await addPeople(500, 'scene');
});
afterAll(async () => {
  await service?.stop();
  await database?.drop();
});

/**
 * People of whom every second is a driver, in an organisation, too, every third a member, every fifth closed, every seventh
 * deleted and every eleventh a guest. Two addresses each, so that contacts are not in the order of users.
 */
async function addPeople(count: number, name: string): Promise<void> {
  await database.query(
    `with added as materialized (
       insert into accounts.users (display_name, is_active, deactivated_at, deleted_at, is_guest)
       select $2 || n, n % 5 <> 0, case when n % 5 = 0 then now() end, case when n % 7 = 0 then now() end, n % 11 = 0
         from generate_series(1, $1::integer) n order by n
       returning id, display_name
     ), people as materialized (select id, substr(display_name, length($2) + 1)::integer as n from added),
     driving as (
       insert into accounts.user_group_memberships (user_id, group_name, organisation_id)
       select p.id, 'driver', o.id from people p cross join (values (null::uuid), ($3::uuid)) o (id) where p.n % 2 = 0
     ), belonging as (
       insert into accounts.organisation_members (organisation_id, user_id) select $3, p.id from people p where p.n % 3 = 0
     )
     insert into accounts.user_contacts (user_id, type, value, confirmed_at)
     select p.id, 'email', 'user.' || chr(97 + (p.n / 2 + k.k) % 4) || md5(p.id::text || k.k) || '@' || $2 || '.example', now()
       from people p cross join (values (1), (2)) k (k)`,
    [count, name, organisationId],
  );
}

const list = (request: Filter) => service.usersAdmin.listUsers(request, support.as);

async function pagesOf(filter: Filter, pageSize: number, between: () => Promise<void> = () => Promise.resolve()) {
  const seen: string[] = [];
  let pageToken = '';
  do {
    const page = await list({ ...filter, pageSize, pageToken });
    expect(page.users.length).toBeLessThanOrEqual(pageSize);
    seen.push(...page.users.map((user) => user.userId));
    pageToken = page.nextPageToken;
    await between();
  } while (pageToken !== '');
  return seen;
}

const STATE_WORDS: Record<number, string> = {
  [UserState.ACTIVE]: 'u.is_active and u.deleted_at is null and not u.is_guest',
  [UserState.DEACTIVATED]: 'not u.is_active and u.deleted_at is null',
  [UserState.DELETED]: 'u.deleted_at is not null',
  [UserState.GUEST]: 'u.is_guest and u.is_active and u.deleted_at is null',
};

/** Said once more, and without any index in mind. */
async function expected({ role = '', organisationId: within = '', state = 0, contactPrefix = '' }: Filter) {
  const rows = await database.query<{ id: string }>(
    `select u.id, min(c.value collate "C") as first
       from accounts.users u
       left join accounts.user_contacts c on c.user_id = u.id and c.is_active and c.value like $3 || '%'
      where ($1 = '' or u.id in (select user_id from accounts.user_group_memberships where group_name = $1 and is_active))
        and ($2 = '' or u.id::text in (select user_id::text from accounts.organisation_members
                                        where organisation_id::text = $2 and deleted_at is null))
        and ($3 = '' or c.id is not null)
        and (${STATE_WORDS[state] ?? 'true'})
      group by u.id
      order by ${contactPrefix !== '' && within === '' ? '2, 1' : '1 desc'}`,
    [role, within, contactPrefix],
  );
  return rows.map(({ id }) => id);
}

const STATES = [UserState.UNSPECIFIED, UserState.ACTIVE, UserState.DEACTIVATED, UserState.DELETED, UserState.GUEST];
const COMBINATIONS: [name: string, filter: () => Filter][] = ['', 'driver'].flatMap((role) =>
  [false, true].flatMap((isMember) =>
    ['', 'user.a'].flatMap((prefix) =>
      STATES.map((state): [string, () => Filter] => [
        `role ${role || 'any'}, ${isMember ? 'members' : 'anybody'}, contact ${prefix || 'any'}, state ${state}`,
        () => ({ role, state, organisationId: isMember ? organisationId : '', contactPrefix: prefix }),
      ]),
    ),
  ),
);

describe('ListUsers', () => {
  it.each(COMBINATIONS)('shows exactly those that pass, in pages of 7 and of 100: %s', async (_name, filter) => {
    const right = await expected(filter());
    if (!filter().organisationId) expect(right.length).toBeGreaterThan(0);
    for (const pageSize of [7, 100]) expect(await pagesOf(filter(), pageSize)).toEqual(right);
  });

  it.each([
    ['all', () => ({})],
    ['a role', () => ({ role: 'driver' })],
    ['members', () => ({ organisationId })],
    ['a state', () => ({ state: UserState.ACTIVE })],
    ['contacts', () => ({ contactPrefix: 'user.' })],
  ] as [string, () => Filter][])('has no gaps and no doubles while users are added: %s', async (_name, filter) => {
    const before = await expected(filter());
    let rounds = 0;
    const seen = await pagesOf(filter(), 40, async () => {
      // By contact they come in between, and may be on a page behind: never two times.
      if ((rounds += 1) <= 12) await addPeople(11, `more${rounds}`);
    });
    expect(new Set(seen).size).toBe(seen.length);
    const old = new Set(before);
    expect(seen.filter((userId) => old.has(userId))).toEqual(before);
  });

  it('by contact shows a user once, at the first of his that begins so', async () => {
    const [user] = await database.query<{ id: string }>('insert into accounts.users default values returning id');
    for (const value of ['zz.b@example.com', 'zz.a@example.com', 'zz.c@example.com']) {
      await database.query(
        `insert into accounts.user_contacts (user_id, type, value, confirmed_at) values ($1, 'email', $2, now())`,
        [user?.id, value],
      );
    }
    await database.query(
      `insert into accounts.user_contacts (user_id, type, value, is_active, deactivated_at)
       values ($1, 'email', 'zz.given-up@example.com', false, now())`,
      [user?.id],
    );
    expect(await pagesOf({ contactPrefix: 'zz.' }, 1)).toEqual([user?.id]);
    expect(await pagesOf({ contactPrefix: 'zz.c' }, 1)).toEqual([user?.id]);
    expect(await pagesOf({ contactPrefix: 'zz.given' }, 1)).toEqual([]);
  });

  it('by contact goes on among many who have claimed one value', async () => {
    await database.query(
      `with added as (insert into accounts.users select from generate_series(1, 25) returning id)
       insert into accounts.user_contacts (user_id, type, value) select a.id, 'email', 'wanted@example.com' from added a`,
    );
    const right = await expected({ contactPrefix: 'wanted@' });
    expect(right).toHaveLength(25);
    expect(await pagesOf({ contactPrefix: 'wanted@' }, 4)).toEqual(right);
  });

  it('takes a prefix as it is: nothing in it is a wildcard', async () => {
    for (const contactPrefix of ['%%%', '___', 'user_', 'use%', '\\\\\\', "'''"]) {
      expect((await list({ contactPrefix })).users).toEqual([]);
    }
  });

  it('shows 50 where nothing is said, and no next page where the last one is full', async () => {
    expect((await list({})).users).toHaveLength(50);
    const count = (await expected({ role: 'support' })).length;
    expect(await list({ role: 'support', pageSize: count })).toMatchObject({ nextPageToken: '' });
    expect(await list({ role: 'no_such_role' })).toEqual({ users: [], nextPageToken: '' });
  });

  it.each([
    [{ pageSize: -1 }, ['page_size']],
    [{ pageSize: 101 }, ['page_size']],
    [{ pageToken: 'A'.repeat(43) }, ['page_token']],
    [{ contactPrefix: 'ab' }, ['contact_prefix']],
    [{ contactPrefix: 'a\u0000b' }, ['contact_prefix']],
    [{ contactPrefix: 'a'.repeat(321) }, ['contact_prefix']],
    [{ role: 'a'.repeat(64) }, ['role']],
    [{ role: 'a\nb' }, ['role']],
    [{ organisationId: 'x' }, ['organisation_id']],
    [{ state: 9 as UserState }, ['state']],
    [{ state: -1 as UserState, pageSize: 200 }, ['page_size', 'state']],
  ])('refuses %j', async (request, fields) => {
    expect(await refusalOf(list(request))).toMatchObject({
      status: 'INVALID_ARGUMENT',
      reason: 'INVALID_REQUEST',
      fields,
    });
  });

  it('refuses the page token of another filter, and goes on with one of the same', async () => {
    const filters: Filter[] = [
      {},
      { role: 'driver' },
      { role: 'customer' },
      { organisationId },
      { state: UserState.ACTIVE },
      { contactPrefix: 'user.' },
      { contactPrefix: 'user.a' },
    ];
    for (const filter of filters) {
      const { nextPageToken: pageToken } = await list({ ...filter, pageSize: 1 });
      if (pageToken === '') continue;
      expect((await list({ ...filter, pageToken, pageSize: 2 })).users).toHaveLength(2);
      for (const other of filters.filter((each) => each !== filter)) {
        expect(await refusalOf(list({ ...other, pageToken }))).toMatchObject({ fields: ['page_token'] });
      }
    }
  });

  it('refuses a page token whose place is gone for good', async () => {
    const [user] = await database.query<{ id: string }>('insert into accounts.users default values returning id');
    for (const value of ['gone.a@example.com', 'gone.b@example.com']) {
      await database.query(`insert into accounts.user_contacts (user_id, type, value) values ($1, 'email', $2)`, [
        value.startsWith('gone.a') ? user?.id : support.userId,
        value,
      ]);
    }
    const { nextPageToken: pageToken } = await list({ contactPrefix: 'gone.', pageSize: 1 });
    await database.query('delete from accounts.users where id = $1', [user?.id]);
    expect(await refusalOf(list({ contactPrefix: 'gone.', pageToken }))).toMatchObject({
      reason: 'INVALID_REQUEST',
      fields: ['page_token'],
    });
  });
});
