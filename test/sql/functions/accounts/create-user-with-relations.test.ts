import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase } from '../../../support/test-database.ts';
import type { TestDatabase } from '../../../support/test-database.ts';
import { inParallel } from '../in-parallel.ts';
import { SOME_HASH, only } from '../scene.ts';

let database: TestDatabase;
let service: pg.Client;
beforeAll(async () => {
  database = await createTestDatabase();
  service = new pg.Client({ connectionString: database.serviceUrl });
  await service.connect();
});
afterAll(async () => {
  await service?.end();
  await database?.drop();
});

type Contact = { type: string; value: string; is_confirmed?: boolean };

function payload(overrides: object = {}) {
  const contacts: Contact[] = [{ type: 'second_login', value: randomUUID() }];
  return { interface: 'customer', group_names: [], contacts, profile: {}, password_hash: SOME_HASH, ...overrides };
}

async function create(client: pg.Client, user: object): Promise<string> {
  const { rows } = await client.query<{ id: string }>('select id from accounts.create_user_with_relations($1)', [user]);
  return only(rows).id;
}

/** The refusal that a call ends with, and the detail that goes with it. */
async function refusal(user: object) {
  const error: unknown = await create(service, user).catch((reason: unknown) => reason);
  if (!(error instanceof pg.DatabaseError)) throw new Error('It was not refused.');
  return { word: error.message, code: error.code, detail: error.detail };
}

async function everything() {
  return only(
    await database.query(`
      select (select count(*)::int from accounts.users) as users,
             (select count(*)::int from accounts.user_contacts) as contacts,
             (select count(*)::int from accounts.user_group_memberships) as memberships,
             (select count(*)::int from auth.outbox_events) as events`),
  );
}

const rolesOf = async (id: string) =>
  only(await database.query<{ roles: string[] }>('select accounts.get_user_roles($1) as roles', [id])).roles;

describe('accounts.create_user_with_relations', () => {
  it('creates a user with contacts, profile and the default role of the interface', async () => {
    const contacts = [
      { type: 'second_login', value: 'anna' },
      { type: 'phone', value: '+79991234567' },
      { type: 'email', value: 'anna@example.com' },
    ];
    const id = await create(service, payload({ contacts, profile: { city: 'Kazan' } }));
    expect(await rolesOf(id)).toEqual(['customer']);
    expect(await database.query('select profile, is_active from accounts.users where id = $1', [id])).toEqual([
      { profile: { city: 'Kazan' }, is_active: true },
    ]);
    expect(
      await database.query('select type, value from accounts.user_contacts where user_id = $1 and is_active', [id]),
    ).toEqual(expect.arrayContaining(contacts));
  });

  it.each([
    ['a role that no interface gives', { group_names: ['superadmin'] }],
    ['a role of another interface', { group_names: ['driver'] }],
    ['a role that does not exist', { group_names: ['emperor'] }],
    ['one of two that is not open', { group_names: ['customer', 'manager'] }],
    ['an interface that gives none', { interface: 'staff' }],
    ['an interface that does not exist', { interface: 'moon' }],
    ['no interface', { interface: null }],
  ])('refuses %s, with the same words, and leaves nothing', async (_what, overrides) => {
    const before = await everything();
    expect(await refusal(payload(overrides))).toEqual({
      word: 'ROLE_NOT_ASSIGNABLE',
      code: 'AU001',
      detail: undefined,
    });
    expect(await everything()).toEqual(before);
  });

  it('refuses a role that is switched off', async () => {
    await database.query(`update accounts.user_groups set is_active = false where name = 'courier'`);
    expect((await refusal(payload({ interface: 'courier' }))).word).toBe('ROLE_NOT_ASSIGNABLE');
    await database.query(`update accounts.user_groups set is_active = true where name = 'courier'`);
  });

  it.each([
    ['phone', '+79990000001'],
    ['email', 'taken@example.com'],
    ['second_login', 'taken'],
  ])('refuses a %s that is taken, names its type and not its value, and leaves nothing', async (type, value) => {
    await create(service, payload({ contacts: [{ type, value, is_confirmed: true }] }));
    const before = await everything();
    const contacts = [
      { type: 'second_login', value: randomUUID() },
      { type, value },
    ];
    expect(await refusal(payload({ contacts }))).toEqual({
      word: 'REGISTER_USER_ALREADY_EXISTS',
      code: 'AU001',
      detail: JSON.stringify({ contact_type: type }).replace(':', ': '),
    });
    expect(await everything()).toEqual(before);
  });

  it('lets several claim a phone and an e-mail address that nobody has confirmed', async () => {
    const claimed = [
      { type: 'phone', value: '+79990000002' },
      { type: 'email', value: 'claimed@example.com' },
    ];
    for (let person = 0; person < 3; person += 1) {
      await create(service, payload({ contacts: [{ type: 'second_login', value: randomUUID() }, ...claimed] }));
    }
    expect(
      await database.query(
        `select count(*)::int as claims, count(c.confirmed_at)::int as confirmed, bool_or(c.is_primary) as is_primary
           from accounts.user_contacts c where c.value = any ($1)`,
        [claimed.map(({ value }) => value)],
      ),
    ).toEqual([{ claims: 6, confirmed: 0, is_primary: false }]);
  });

  it('leaves nothing when a contact cannot be stored', async () => {
    const before = await everything();
    await refusal(
      payload({
        contacts: [
          { type: 'second_login', value: randomUUID() },
          { type: 'pigeon', value: 'p' },
        ],
      }),
    );
    await refusal(payload({ password_hash: 'plain text' }));
    await refusal(payload({ profile: [] }));
    expect(await everything()).toEqual(before);
  });

  it('lets exactly one of 20 have contacts that they all want, in whatever order they name them, without a deadlock', async () => {
    const contacts = [
      { type: 'second_login', value: 'wanted' },
      { type: 'phone', value: '+79997654321', is_confirmed: true },
      { type: 'email', value: 'wanted@example.com', is_confirmed: true },
    ];
    const results = await inParallel(database.serviceUrl, 20, (client, index) =>
      create(client, payload({ contacts: index % 2 === 0 ? contacts : contacts.toReversed() })),
    );
    const refused = results.filter((result) => result instanceof pg.DatabaseError);
    expect(new Set(refused.map(({ message }) => message))).toEqual(new Set(['REGISTER_USER_ALREADY_EXISTS']));
    expect(refused).toHaveLength(19);
  });
});
