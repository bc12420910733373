import { randomBytes, randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { hash } from 'bcrypt';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { migrate } from '../../src/db/migrate.ts';
import { provision } from '../../src/embedded/provision.ts';
import { hashRefreshToken } from '../../src/tokens/refresh-token.ts';
import { PASSWORD } from '../support/people.ts';
import { refusalOf } from '../support/refusal.ts';
import { startService } from '../support/service.ts';
import { refreshTokensUnder } from '../support/sessions.ts';
import { TEST_PASSWORDS } from '../support/test-database.ts';

/** The migrations of the release: 0000 to 0003. */
const RELEASED = 4;

/** A row of what a person had: who, of which type, which value, and how it was with it. */
type OldContact = readonly [who: string, type: string, value: string, created: string, isActive: boolean];
const CONTACTS: readonly OldContact[] = [
  ['anna', 'second_login', 'anna', '2025-01-01', true],
  ['anna', 'phone', '+79990000001', '2025-01-01', false],
  ['anna', 'phone', '+79990000002', '2025-02-01', true],
  ['anna', 'email', 'late@example.com', '2025-03-01', true],
  ['anna', 'email', 'early@example.com', '2025-01-15', true],
  ['anna', 'email', 'oldest@example.com', '2025-01-02', false],
  // Of a type that an administrator has added.
  ['anna', 'badge', 'badge 17', '2025-01-01', true],
  ['boris', 'phone', '+79990000003', '2025-01-01', true],
  ['closed', 'second_login', 'closed', '2025-01-01', true],
  ['deleted', 'second_login', 'deleted', '2025-01-01', true],
];
/** The first active one of a person and type. */
const PRIMARY = ['anna', '+79990000002', 'early@example.com', 'badge 17', '+79990000003', 'closed', 'deleted'];
const LOGINS = ['anna', '+79990000002', 'late@example.com', 'early@example.com', '+79990000003'];
const NO_LOGINS = ['+79990000001', 'oldest@example.com', 'closed', 'deleted'];

/** What the seed of the release has put there, as far as the migration looks at it. */
const OLD_SEED = `
  insert into accounts.contact_types (name, title, is_exclusive) values
    ('second_login', 'Login name', true), ('email', 'E-mail', false), ('phone', 'Phone', true), ('badge', 'Badge', true);
  insert into accounts.interfaces (name, title) values ('customer', 'Customers'), ('driver', 'Drivers'), ('staff', 'Staff');
  insert into accounts.user_groups (name, title, level, listing, interface) values
    ('superadmin', 'Superadmin', 100, 'all', 'staff'), ('support', 'Support', 60, 'all', 'staff'),
    ('executor_head', 'Head', 50, 'assignable', 'driver'), ('customer', 'Customer', 10, 'own', 'customer');
  insert into accounts.permissions (name, title) values ('auth.tokens.explain', 'See why a token is refused');
  insert into accounts.role_permissions (role, permission) values ('superadmin', 'auth.tokens.explain')`;

/** Functions of the release whose parameters or results are others now; what they did is no matter. */
const OLD_FUNCTIONS = `
  create function accounts.create_user_contact(uuid, text, text) returns void language sql as '';
  create function auth.logout(uuid, uuid, text, uuid, timestamptz)
    returns table (revoked_sessions uuid[]) language sql as 'select array[$1]';
  create function auth.delete_expired(integer, interval, interval) returns void language sql as '';
  create function auth.end_sessions(uuid, uuid[], text, uuid) returns void language sql as '';
  create function auth.record_revocations(text, uuid[], timestamptz[], uuid, text, uuid) returns void language sql as '';
  create function accounts.add_user_to_group(uuid, text) returns void language sql as '';
  create function accounts.has_permission(uuid, text) returns boolean language sql as 'select false';
  grant execute on function accounts.has_permission to auth_service;
  create function auth.create_session(uuid, uuid, text, text, inet, timestamptz, timestamptz) returns text[] language sql
    as 'select array[$3]'`;

const name = `auth_upgrade_${randomBytes(6).toString('hex')}`;
const urlOf = (database: string, user?: { name: string; password: string }) => {
  const url = new URL(inject('postgresUrl'));
  url.pathname = `/${database}`;
  if (user) Object.assign(url, { username: user.name, password: user.password });
  return url.href;
};
const ownerUrl = (database = name) => urlOf(database, { name: 'auth_owner', password: TEST_PASSWORDS.owner });
const serviceUrl = urlOf(name, { name: 'auth_service', password: TEST_PASSWORDS.service });

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

/** A new database in the state of the release, but for its functions. */
async function createReleased(database: string): Promise<pg.Client> {
  await provision({ urlOf, database, passwords: TEST_PASSWORDS });
  const owner = await connect(ownerUrl(database));
  await runner({
    dbClient: owner,
    dir: fileURLToPath(new URL('../../sql/migrations', import.meta.url)),
    direction: 'up',
    count: RELEASED,
    migrationsTable: 'migrations',
    migrationsSchema: 'deploy',
    createMigrationsSchema: true,
    log: () => undefined,
  });
  await owner.query(OLD_SEED);
  await owner.query(OLD_FUNCTIONS);
  return owner;
}

async function addPeople(owner: pg.Client): Promise<void> {
  const passwordHash = await hash(PASSWORD, 10);
  const ids = new Map(['anna', 'boris', 'closed', 'deleted'].map((who) => [who, randomUUID()]));
  for (const [who, id] of ids) {
    await owner.query(
      `insert into accounts.users (id, password_hash, is_active, deleted_at, updated_at)
       values ($1, $2, $3, case when $4 then now() end, '2025-05-05')`,
      [id, passwordHash, who !== 'closed', who === 'deleted'],
    );
    await owner.query(`insert into accounts.user_group_memberships (user_id, group_name) values ($1, 'customer')`, [
      id,
    ]);
  }
  await owner.query(
    `insert into accounts.user_group_memberships (user_id, group_name, is_active, updated_at) values ($1, 'support', false, '2025-06-06')`,
    [ids.get('anna')],
  );
  for (const [who, type, value, created, isActive] of CONTACTS) {
    await owner.query(
      `insert into accounts.user_contacts (user_id, type, value, created_at, is_active, deactivated_at)
       values ($1, $2, $3, $4, $5, case when not $5 then now() end)`,
      [ids.get(who), type, value, created, isActive],
    );
  }
}

/** A session that began before, and its refresh token. */
async function addSession(owner: pg.Client): Promise<string> {
  const sessionId = randomUUID();
  const token = refreshTokensUnder().first(sessionId);
  await owner.query(
    `with s as (
       insert into auth.sessions (id, user_id, expires_at, access_expires_at)
         select $1, c.user_id, now() + interval '9 days', now() from accounts.user_contacts c where c.value = 'anna'
       returning id, user_id
     )
     insert into auth.refresh_tokens (session_id, user_id, token_hash, expires_at)
       select s.id, s.user_id, $2, now() + interval '9 days' from s`,
    [sessionId, hashRefreshToken(token)],
  );
  return token.text;
}

describe('A database of 0.1.0', () => {
  let owner: pg.Client;
  let refreshToken: string;
  let migrations: readonly string[];

  beforeAll(async () => {
    owner = await createReleased(name);
    await addPeople(owner);
    refreshToken = await addSession(owner);
    ({ migrations } = await migrate(ownerUrl()));
  });
  afterAll(async () => {
    await owner?.end();
    const superuser = await connect(urlOf('postgres'));
    await superuser.query(`drop database if exists ${name} with (force)`);
    await superuser.end();
  });
  const rows = async (text: string) => (await owner.query<Record<string, unknown>>(text)).rows;

  it('is brought up to date, once', async () => {
    expect(migrations[0]).toBe('0004_ways_in');
    expect(await migrate(ownerUrl())).toEqual({ migrations: [], files: [] });
  });

  it('has every contact confirmed since it was there, history too', async () => {
    const contacts = await rows('select value, confirmed_at = created_at as is_since from accounts.user_contacts');
    expect(contacts).toHaveLength(CONTACTS.length);
    expect(contacts.filter(({ is_since: isSince }) => isSince !== true)).toEqual([]);
  });

  it('has the first active contact of each person and type as the primary', async () => {
    const primaries = await rows('select value from accounts.user_contacts where is_primary');
    expect(primaries.map(({ value }) => value).sort()).toEqual([...PRIMARY].sort());
  });

  it('knows how messages are sent to contacts of each type; none are sent to one of its own, which needs none', async () => {
    expect(
      await rows('select name, needs_confirmation, channel, pattern from accounts.contact_types order by name'),
    ).toEqual([
      { name: 'badge', needs_confirmation: false, channel: null, pattern: null },
      { name: 'email', needs_confirmation: true, channel: 'email', pattern: null },
      { name: 'phone', needs_confirmation: true, channel: 'sms', pattern: null },
      { name: 'second_login', needs_confirmation: false, channel: null, pattern: null },
    ]);
  });

  it('has the role of guests, on the interface of customers', async () => {
    expect(await rows(`select level, listing, interface from accounts.user_groups where name = 'guest'`)).toEqual([
      { level: 0, listing: 'own', interface: 'customer' },
    ]);
    expect(await rows('select name, guest_role from accounts.interfaces where guest_role is not null')).toEqual([
      { name: 'customer', guest_role: 'guest' },
    ]);
    expect(await rows('select from accounts.users where is_guest')).toEqual([]);
  });

  it('leaves an interface closed to guests that an administrator has closed', async () => {
    await owner.query('update accounts.interfaces set guest_role = null');
    await owner.query(`delete from deploy.applied_files where path like 'seed/%'`);
    await migrate(ownerUrl());
    expect(await rows('select from accounts.interfaces where guest_role is not null')).toEqual([]);
  });

  it('says of a closed account when it was closed: when it changed last', async () => {
    expect(await rows('select deactivated_at from accounts.users where deactivated_at is not null')).toEqual([
      { deactivated_at: new Date('2025-05-05T00:00:00') },
    ]);
  });

  it('has heads give roles in organisations only, and everybody else to anyone', async () => {
    const scopes = await rows('select name, grant_scope from accounts.user_groups order by name');
    expect(scopes.filter(({ grant_scope: scope }) => scope === 'organisation').map(({ name: role }) => role)).toEqual([
      'executor_head',
      // Of the seed.
      'firm_head',
    ]);
  });

  it('says of a role that was taken away when that was: when its row changed last', async () => {
    expect(
      await rows(
        'select group_name, deleted_at, organisation_id from accounts.user_group_memberships where not is_active',
      ),
    ).toEqual([{ group_name: 'support', deleted_at: new Date('2025-06-06T00:00:00'), organisation_id: null }]);
  });

  it('lets the service ask for a permission only where a refusal is written down', async () => {
    expect(
      await rows(
        `select has_function_privilege('auth_service', 'accounts.has_permission(uuid, text)', 'execute') as asks,
                has_function_privilege('auth_service', 'accounts.check_permission(uuid, text, text)', 'execute') as checks`,
      ),
    ).toEqual([{ asks: false, checks: true }]);
  });

  it('has every function once, as it is now', async () => {
    expect(
      await rows(
        `select p.oid::regproc::text as name from pg_proc p
          where p.pronamespace::regnamespace::text in ('accounts', 'auth') group by 1 having count(*) > 1`,
      ),
    ).toEqual([]);
  });

  it('loses nobody his login, and lets nobody in who could not', async () => {
    const service = await startService({ DATABASE_URL: serviceUrl });
    try {
      for (const login of LOGINS) {
        const { roles } = await service.auth.login({ login, password: PASSWORD });
        expect(roles, login).toEqual(['customer']);
      }
      for (const login of NO_LOGINS) {
        const { reason } = await refusalOf(service.auth.login({ login, password: PASSWORD }));
        expect(reason, login).toBe('CREDENTIALS_INVALID');
      }
      const { tokens } = await service.auth.refresh({ refreshToken });
      expect(tokens?.accessToken).toBeTruthy();
    } finally {
      await service.stop();
    }
  });
});

it('A role `guest` that an administrator has made before is left to him', async () => {
  const database = `${name}_guest`;
  const owner = await createReleased(database);
  try {
    await owner.query(
      `insert into accounts.user_groups (name, title, level, listing, interface) values ('guest', 'Visitor', 5, 'own', 'staff')`,
    );
    await migrate(ownerUrl(database));
    const { rows } = await owner.query(
      `select g.title, i.guest_role from accounts.user_groups g cross join accounts.interfaces i
        where g.name = 'guest' and i.name = 'customer'`,
    );
    expect(rows).toEqual([{ title: 'Visitor', guest_role: null }]);
  } finally {
    await owner.end();
    const superuser = await connect(urlOf('postgres'));
    await superuser.query(`drop database if exists ${database} with (force)`);
    await superuser.end();
  }
});
