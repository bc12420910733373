import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { addOrganisation, addRoleHolder, readRoleModel, roleHolder } from '../../support/delegation.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';

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

type RoleHolder = Awaited<ReturnType<typeof roleHolder>>;

/** As they are seeded. */
const ROLES = [
  ...['superadmin', 'manager', 'support', 'executor_head', 'firm_head', 'order_desk', 'waybill_desk', 'grocery_shop'],
  ...['driver', 'courier', 'customer', 'guest'],
];

async function listed(actor: RoleHolder, userId: string, organisationId: string): Promise<string[]> {
  const { roles } = await service.roles.listAssignableRoles({ userId, organisationId }, actor.as);
  return roles.map(({ name }) => name);
}

/** The roles that GrantRole gives, each by itself: what it has changed is taken back before the next. */
async function given(actor: RoleHolder, userId: string, organisationId: string): Promise<string[]> {
  const names: string[] = [];
  for (const role of ROLES) {
    const outcome = await service.roles.grantRole({ userId, role, organisationId }, actor.as).then(
      ({ granted }) => (granted ? 'granted' : 'held'),
      () => 'refused',
    );
    if (outcome !== 'refused') names.push(role);
    if (outcome === 'granted') {
      await database.query('delete from accounts.user_group_memberships where user_id = $1 and group_name = $2', [
        userId,
        role,
      ]);
    }
  }
  return names;
}

describe('ListAssignableRoles', () => {
  describe.each(ROLES)('shows a %s exactly what GrantRole gives', (actorRole) => {
    it('whoever it is for, and wherever', async () => {
      const actor = await roleHolder(service, database, actorRole);
      const none = (role: string) => addRoleHolder(database.query, role).then((id) => [id, ''] as const);
      const situations: Record<string, (role: string) => Promise<readonly [user: string, organisation: string]>> = {
        'no organisation': none,
        'a member of his own organisation': async (role) => {
          const [user] = await none(role);
          return [user, await addOrganisation(database.query, { heads: [actor.userId], members: [user] })];
        },
        'somebody outside his own organisation': async (role) => {
          const [user] = await none(role);
          return [user, await addOrganisation(database.query, { heads: [actor.userId] })];
        },
        'a member of an organisation where he is one, too': async (role) => {
          const [user] = await none(role);
          return [user, await addOrganisation(database.query, { members: [actor.userId, user] })];
        },
        'a member of a foreign organisation': async (role) => {
          const [user] = await none(role);
          const head = await addRoleHolder(database.query, 'executor_head');
          return [user, await addOrganisation(database.query, { heads: [head], members: [user] })];
        },
      };
      await Promise.all(
        Object.entries(situations).map(async ([situation, prepare]) => {
          for (const userRole of ROLES) {
            const [userId, organisationId] = await prepare(userRole);
            const where = `${actorRole}, to a ${userRole}, ${situation}`;
            const shown = await listed(actor, userId, organisationId);
            expect(shown.toSorted(), where).toEqual((await given(actor, userId, organisationId)).toSorted());

            // What is written down of delegation says the same.
            const model = await readRoleModel(database.query);
            const allowed = ROLES.filter((role) => {
              const asked = { actor: actor.userId, user: userId, role, organisation: organisationId };
              return model.grant(asked) !== 'refused' && model.held.delete(`${userId} ${role} ${organisationId}`);
            });
            expect(shown.toSorted(), where).toEqual(allowed.toSorted());
          }
        }),
      );
    });

    it('to somebody who has no account yet: what he would get as one without roles', async () => {
      const actor = await roleHolder(service, database, actorRole);
      const newcomer = await addRoleHolder(database.query);
      const own = await addOrganisation(database.query, { heads: [actor.userId], members: [newcomer] });
      const foreign = await addOrganisation(database.query, { members: [newcomer] });
      for (const organisationId of ['', own, foreign]) {
        expect((await listed(actor, '', organisationId)).toSorted()).toEqual(
          (await given(actor, newcomer, organisationId)).toSorted(),
        );
      }
    });
  });

  it('begins with the highest level, then goes by name, with title and level', async () => {
    const actor = await roleHolder(service, database, 'manager');
    const { roles } = await service.roles.listAssignableRoles({}, actor.as);
    expect(roles.map(({ name, level }) => [name, level])).toEqual([
      ...[['support', 60] as const, ['executor_head', 50] as const, ['firm_head', 50] as const],
      ...[['grocery_shop', 20] as const, ['order_desk', 20] as const, ['waybill_desk', 20] as const],
      ...[['courier', 10] as const, ['customer', 10] as const, ['driver', 10] as const],
    ]);
    expect(roles[0]).toEqual({ name: 'support', title: 'Support', level: 60, isDefault: false });
  });

  it('is empty for nobody, and in an organisation that there is not', async () => {
    const actor = await roleHolder(service, database, 'superadmin');
    const user = await addRoleHolder(database.query);
    for (const [userId, organisationId] of [
      [randomUUID(), ''],
      [user, randomUUID()],
      ['', randomUUID()],
      [actor.userId, ''],
    ] as const) {
      expect(await listed(actor, userId, organisationId)).toEqual([]);
    }
  });

  it('refuses ids that are none, both at once, and a call without a token', async () => {
    const actor = await roleHolder(service, database, 'superadmin');
    for (const bad of ['x', '0', `${randomUUID()} `, `${randomUUID()}\n`, 'a'.repeat(1000)]) {
      const call = service.roles.listAssignableRoles({ userId: bad, organisationId: bad }, actor.as);
      expect(await refusalOf(call)).toMatchObject({
        reason: 'INVALID_REQUEST',
        fields: ['organisation_id', 'user_id'],
      });
    }
    expect(await outcomeOf(service.roles.listAssignableRoles({}))).toBe('UNAUTHENTICATED TOKEN_MISSING');
  });
});
