import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { addOrganisation, addRoleHolder, readHeld, roleHolder } from '../../support/delegation.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';

let database: TestDatabase;
let first: TestService;
let second: TestService;
beforeAll(async () => {
  database = await createTestDatabase();
  const settings = { DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl') };
  first = await startService(settings);
  second = await startService(settings);
});
afterAll(async () => {
  await first?.stop();
  await second?.stop();
  await database?.drop();
});

const NOT_GRANTABLE = 'PERMISSION_DENIED ROLE_NOT_GRANTABLE';

async function rolesOf(replica: TestService, accessToken: string): Promise<readonly string[]> {
  const { result } = await replica.auth.validateToken({ accessToken });
  if (result?.$case !== 'principal') throw new Error('The token is not live.');
  return result.value.roles;
}

/** What the audit says of a user, the earliest first. */
const auditOf = (userId: string) =>
  database.query(
    `select action, actor_id as actor, organisation_id as organisation, session_id as session, data
       from auth.audit_events where user_id = $1 order by id`,
    [userId],
  );

describe('GrantRole', () => {
  it('gives a role once: repeats change nothing, and say when it is known everywhere', async () => {
    const manager = await roleHolder(first, database, 'manager');
    const userId = await addRoleHolder(database.query, 'customer');
    const asked = { userId, role: 'driver' };
    const answer = await first.roles.grantRole(asked, manager.as);
    expect(answer).toEqual({ granted: true, revision: expect.any(Number) as number });
    const repeat = await second.roles.grantRole(asked, manager.as);
    expect(repeat.granted).toBe(false);
    expect(repeat.revision).toBeGreaterThanOrEqual(answer.revision);
    expect((await readHeld(database.query)).filter(({ key }) => key.startsWith(userId))).toEqual([
      { key: `${userId} customer `, givenBy: null },
      { key: `${userId} driver `, givenBy: manager.userId },
    ]);
    expect(await auditOf(userId)).toEqual([
      { action: 'role.granted', actor: manager.userId, organisation: null, session: null, data: { role: 'driver' } },
    ]);
  });

  it('gives in an organisation what is one role for each, and none as such', async () => {
    const head = await roleHolder(first, database, 'executor_head');
    const userId = await addRoleHolder(database.query);
    const organisations = await Promise.all(
      [1, 2].map(() => addOrganisation(database.query, { heads: [head.userId], members: [userId] })),
    );
    for (const organisationId of organisations) {
      const { granted } = await first.roles.grantRole({ userId, role: 'courier', organisationId }, head.as);
      expect(granted).toBe(true);
    }
    expect((await auditOf(userId)).map((event) => event['organisation'])).toEqual(organisations);
    expect(await outcomeOf(first.roles.grantRole({ userId, role: 'courier' }, head.as))).toBe(NOT_GRANTABLE);
  });

  it('is in the next ValidateToken of tokens from before, on both replicas, 100 times', async () => {
    const manager = await roleHolder(first, database, 'manager');
    for (let round = 0; round < 100; round += 1) {
      const user = await roleHolder(first, database, 'customer');
      for (const replica of [first, second]) {
        expect(await rolesOf(replica, user.tokens.accessToken)).toEqual(['customer']);
      }
      await (round % 2 ? first : second).roles.grantRole({ userId: user.userId, role: 'driver' }, manager.as);
      for (const replica of [first, second]) {
        expect(await rolesOf(replica, user.tokens.accessToken)).toEqual(['customer', 'driver']);
      }
    }
  });

  it('refuses with one answer, byte for byte, whatever is the matter, and leaves one event for each refusal', async () => {
    const head = await roleHolder(first, database, 'executor_head');
    const [member, stranger, superior] = await Promise.all([
      addRoleHolder(database.query),
      addRoleHolder(database.query),
      addRoleHolder(database.query, 'superadmin'),
    ]);
    const own = await addOrganisation(database.query, { heads: [head.userId], members: [member, superior] });
    const foreign = await addOrganisation(database.query, { members: [stranger] });
    const closed = await addRoleHolder(database.query);
    const guest = await addRoleHolder(database.query);
    await database.query('update accounts.users set is_active = false, deactivated_at = now() where id = $1', [closed]);
    await database.query('update accounts.users set is_guest = true where id = $1', [guest]);
    await addOrganisation(database.query, { heads: [head.userId], members: [closed, guest] });

    const cases = [
      { userId: randomUUID(), role: 'driver', organisationId: own },
      { userId: member, role: 'no_such_role', organisationId: own },
      { userId: member, role: 'Not A Role; --', organisationId: own },
      { userId: member, role: 'driver', organisationId: randomUUID() },
      { userId: stranger, role: 'driver', organisationId: own },
      { userId: stranger, role: 'driver', organisationId: foreign },
      { userId: member, role: 'driver', organisationId: '' },
      { userId: member, role: 'order_desk', organisationId: own },
      { userId: member, role: 'superadmin', organisationId: own },
      { userId: superior, role: 'driver', organisationId: own },
      { userId: head.userId, role: 'driver', organisationId: own },
      { userId: closed, role: 'driver', organisationId: own },
      { userId: guest, role: 'driver', organisationId: own },
    ];
    const answers = new Set<string>();
    for (const asked of cases) {
      for (const call of [first.roles.grantRole, first.roles.revokeRole]) {
        answers.add(JSON.stringify({ ...(await refusalOf(call(asked, head.as))), requestId: null }));
      }
    }
    expect([...answers].map((text) => JSON.parse(text) as unknown)).toEqual([
      expect.objectContaining({ status: 'PERMISSION_DENIED', reason: 'ROLE_NOT_GRANTABLE', metadata: {} }),
    ]);

    const events = await database.query(
      `select user_id as "userId", data, coalesce(organisation_id::text, '') as "organisationId", action
         from auth.audit_events where actor_id = $1 order by id`,
      [head.userId],
    );
    expect(events).toEqual(
      cases.flatMap(({ role, ...asked }) =>
        ['role.grant_refused', 'role.revoke_refused'].map((action) => ({
          ...asked,
          // A name that no role has is a text of the caller.
          data: /^(no_such_role|Not A Role; --)$/.test(role) ? {} : { role },
          action,
        })),
      ),
    );
    const published = await database.query<{ text: string }>('select data::text as text from auth.outbox_events');
    expect(published.filter(({ text }) => /no_such_role|Not A Role/.test(text))).toEqual([]);
  });

  it('goes by what the caller holds now: not by his token', async () => {
    const manager = await roleHolder(first, database, 'manager');
    const superadmin = await roleHolder(first, database, 'superadmin');
    const userId = await addRoleHolder(database.query);
    await first.roles.revokeRole({ userId: manager.userId, role: 'manager' }, superadmin.as);
    expect(await outcomeOf(first.roles.grantRole({ userId, role: 'driver' }, manager.as))).toBe(NOT_GRANTABLE);
  });

  it('100 parallel grants and revokes of one role end in one state, with as many events as changes', async () => {
    const managers = await Promise.all(Array.from({ length: 4 }, () => roleHolder(first, database, 'manager')));
    const user = await roleHolder(first, database, 'customer');
    const asked = { userId: user.userId, role: 'driver' };
    const answers = await Promise.all(
      Array.from({ length: 100 }, async (_, n) => {
        const { as } = managers[n % managers.length]!;
        const { roles } = n % 3 ? first : second;
        if (n % 2) return { change: (await roles.grantRole(asked, as)).granted ? 'role.granted' : null };
        return { change: (await roles.revokeRole(asked, as)).revoked ? 'role.revoked' : null };
      }),
    );
    const changes = answers.flatMap(({ change }) => change ?? []);
    const events = (await auditOf(user.userId)).map(({ action }) => action as string);
    expect(events.toSorted()).toEqual(changes.toSorted());
    // They take turns, beginning with a grant.
    expect(events).toEqual(events.map((_, n) => (n % 2 ? 'role.revoked' : 'role.granted')));
    const isHeld = events.at(-1) === 'role.granted';
    for (const replica of [first, second]) {
      expect(await rolesOf(replica, user.tokens.accessToken)).toEqual(isHeld ? ['customer', 'driver'] : ['customer']);
    }
  });

  it('refuses bad fields, all at once, and leaves no event', async () => {
    const { as, userId } = await roleHolder(first, database, 'superadmin');
    for (const bad of ['', 'a'.repeat(64), 'dri\nver', 'dri\0ver', '\u{FFFD}']) {
      for (const call of [first.roles.grantRole, first.roles.revokeRole]) {
        const asked = { userId: 'x', role: bad, organisationId: 'y' };
        expect(await refusalOf(call(asked, as))).toMatchObject({
          status: 'INVALID_ARGUMENT',
          reason: 'INVALID_REQUEST',
          fields: ['organisation_id', 'role', 'user_id'],
        });
      }
    }
    expect(await database.query('select from auth.audit_events where actor_id = $1', [userId])).toEqual([]);
    expect(await outcomeOf(first.roles.grantRole({ userId, role: 'a'.repeat(63) }, as))).toBe(NOT_GRANTABLE);
    expect(await outcomeOf(first.roles.grantRole({ userId, role: 'driver' }))).toBe('UNAUTHENTICATED TOKEN_MISSING');
  });
});
