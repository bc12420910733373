import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { bearer, register, tokensOf } from '../../support/people.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';

const INTERFACES = ['customer', 'driver', 'courier', 'executor_head', 'firm_head', 'staff'];
/** The highest level first, then by name. */
const ALL_ROLES = [
  ...['superadmin', 'manager', 'support'],
  ...['executor_head', 'firm_head'],
  ...['grocery_shop', 'order_desk', 'waybill_desk'],
  ...['courier', 'customer', 'driver', 'guest'],
];

describe('ListRoles', () => {
  let database: TestDatabase;
  let service: TestService;

  beforeAll(async () => {
    database = await createTestDatabase();
    service = await startService({ DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl') });
  });
  afterAll(async () => {
    await service?.stop();
    await database?.drop();
  });

  describe('shows an anonymous caller what he may register as', () => {
    it.each([
      ['customer', ['customer']],
      ['driver', ['driver']],
      ['courier', ['courier']],
      ['executor_head', ['executor_head']],
      ['firm_head', ['firm_head']],
      ['staff', []],
    ])('on %s', async (name, expected) => {
      expect(await rolesOn(name)).toEqual(expected);
    });

    it('with the title, the level and the default of the interface', async () => {
      const { roles } = await service.accounts.listRoles({ interface: 'driver' });
      expect(roles).toEqual([{ name: 'driver', title: 'Driver', level: 10, isDefault: true }]);
    });

    it('and exactly what Register then gives', async () => {
      for (const name of INTERFACES.filter((one) => one !== 'staff')) {
        const person = await register(service, { interface: name, groupNames: await rolesOn(name) });
        expect(person.roles).toEqual(await rolesOn(name));
      }
    });
  });

  it.each(['customer', 'driver', 'courier'])('shows a %s exactly his own role, everywhere', async (role) => {
    const token = await signedIn({ interface: role });
    for (const name of INTERFACES) expect(await rolesOn(name, token), name).toEqual([role]);
  });

  it('shows somebody with two roles of his own both', async () => {
    const token = await signedIn({ interface: 'driver', also: ['courier'] });
    expect(await rolesOn('customer', token)).toEqual(['courier', 'driver']);
  });

  it.each([
    ['executor_head', ['courier', 'driver']],
    ['firm_head', ['grocery_shop', 'order_desk', 'waybill_desk']],
  ])('shows an %s on his own interface the roles that he may give, elsewhere his own', async (head, mayGive) => {
    const token = await signedIn({ interface: head });
    for (const name of INTERFACES) expect(await rolesOn(name, token), name).toEqual(name === head ? mayGive : [head]);
  });

  it('shows a head of both kinds on each interface the roles of that one', async () => {
    const token = await signedIn({ interface: 'executor_head', also: ['firm_head'] });
    expect(await rolesOn('executor_head', token)).toEqual(['courier', 'driver']);
    expect(await rolesOn('firm_head', token)).toEqual(['grocery_shop', 'order_desk', 'waybill_desk']);
    expect(await rolesOn('customer', token)).toEqual(['executor_head', 'firm_head']);
  });

  it.each(['superadmin', 'manager', 'support'])('shows a %s all roles, by level and name', async (role) => {
    const token = await signedIn({ interface: 'customer', also: [role] });
    for (const name of INTERFACES) expect(await rolesOn(name, token), name).toEqual(ALL_ROLES);
  });

  it('goes by the roles of the moment, not by those in the token', async () => {
    const person = await register(service);
    await grant(person.userId, 'support');
    expect(await rolesOn('customer', person.tokens.accessToken)).toEqual(ALL_ROLES);
    await database.query(
      `update accounts.user_group_memberships set is_active = false, deleted_at = now()
        where user_id = $1 and group_name = 'support'`,
      [person.userId],
    );
    expect(await rolesOn('customer', person.tokens.accessToken)).toEqual(['customer']);
  });

  it('leaves out a role that was switched off', async () => {
    await database.query("update accounts.user_groups set is_active = false where name = 'waybill_desk'");
    try {
      const head = await signedIn({ interface: 'firm_head' });
      expect(await rolesOn('firm_head', head)).toEqual(['grocery_shop', 'order_desk']);
      const staff = await signedIn({ interface: 'customer', also: ['manager'] });
      expect(await rolesOn('staff', staff)).toEqual(ALL_ROLES.filter((name) => name !== 'waybill_desk'));
    } finally {
      await database.query("update accounts.user_groups set is_active = true where name = 'waybill_desk'");
    }
  });

  describe('does not take a bad token for none', () => {
    it('a revoked one', async () => {
      const { tokens } = await register(service);
      await service.auth.logout({}, bearer(tokens.accessToken));
      expect(await refusalOf(rolesOn('customer', tokens.accessToken))).toMatchObject({
        status: 'UNAUTHENTICATED',
        reason: 'TOKEN_REVOKED',
      });
    });

    it('one that is none', async () => {
      const { tokens } = await register(service);
      for (const token of ['abc', 'a.b.c', tokens.refreshToken]) {
        expect(await refusalOf(rolesOn('customer', token))).toMatchObject({
          status: 'UNAUTHENTICATED',
          reason: 'TOKEN_MALFORMED',
        });
      }
    });
  });

  it('refuses an interface that does not exist', async () => {
    for (const name of ['', 'Customer', 'no_such_interface', 'customer ']) {
      expect(await refusalOf(rolesOn(name))).toMatchObject({
        status: 'INVALID_ARGUMENT',
        reason: 'INVALID_REQUEST',
        fields: ['interface'],
      });
    }
  });

  async function rolesOn(name: string, accessToken?: string): Promise<string[]> {
    const options = accessToken === undefined ? {} : bearer(accessToken);
    const { roles } = await service.accounts.listRoles({ interface: name }, options);
    return roles.map((role) => role.name);
  }

  /** The access token of somebody new, with roles beside the default one of his interface. */
  async function signedIn(who: { interface: string; also?: string[] }): Promise<string> {
    const person = await register(service, { interface: who.interface });
    for (const role of who.also ?? []) await grant(person.userId, role);
    return tokensOf(await service.auth.refresh(person.tokens)).accessToken;
  }

  async function grant(userId: string, role: string): Promise<void> {
    await database.query('select accounts.add_user_to_group($1, $2)', [userId, role]);
  }
});
