import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { addOrganisation, roleHolder } from '../../support/delegation.ts';
import {
  addressHolder,
  auditOf,
  foundOrganisation,
  invite,
  joinedMember,
  newEmail,
} from '../../support/organisations.ts';
import type { RoleHolder } from '../../support/organisations.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import { untilWaiting } from '../../sql/functions/waiting.ts';

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

const NO_ORGANISATION = 'NOT_FOUND ORGANISATION_NOT_FOUND';
const holder = (...roles: string[]) => roleHolder(service, database, ...roles);
const found = () => foundOrganisation(service, database);
const list = async (organisationId: string, by: RoleHolder) =>
  (await service.organisations.listMembers({ organisationId }, by.as)).members.map(({ userId }) => userId);
const promote = (organisationId: string, by: RoleHolder, userId: string) =>
  service.organisations.updateMember({ organisationId, userId, isHead: true }, by.as);

/** Everything that heads do, and what CancelInvitation answers of an invitation that it does not know. */
async function outcomesOf(organisationId: string, by: RoleHolder, member: string, invitationId: string) {
  const request = { organisationId, userId: member };
  const invitation = { organisationId, contactType: 'email', contact: newEmail(), roles: ['driver'] };
  return {
    list: await outcomeOf(service.organisations.listMembers({ organisationId }, by.as)),
    invite: await outcomeOf(service.organisations.inviteMember(invitation, by.as)),
    invitations: await outcomeOf(service.organisations.listInvitations({ organisationId }, by.as)),
    cancel: await outcomeOf(service.organisations.cancelInvitation({ invitationId }, by.as)),
    promote: await outcomeOf(service.organisations.updateMember({ ...request, isHead: true }, by.as)),
    remove: await outcomeOf(service.organisations.removeMember(request, by.as)),
  };
}
const all = (outcome: string, cancel = outcome) => ({
  list: outcome,
  invite: outcome,
  invitations: outcome,
  cancel,
  promote: outcome,
  remove: outcome,
});

describe('Staff with accounts.organisations.manage', () => {
  it('give an organisation whose only head has closed his account another head, who then works', async () => {
    const organisation = await found();
    const { organisationId, head } = organisation;
    const member = await joinedMember(service, database, organisation, 'driver');
    const heir = await joinedMember(service, database, organisation, 'courier');
    await service.accounts.deactivateAccount({}, head.as);
    const manager = await holder('manager');

    expect(await list(organisationId, manager)).toEqual([heir.userId, member.userId]);
    expect((await promote(organisationId, manager, heir.userId)).member?.isHead).toBe(true);
    expect((await auditOf(database, organisationId)).at(-1)).toEqual({
      action: 'organisation.member_updated',
      actor_id: manager.userId,
      user_id: heir.userId,
      data: { is_head: true },
    });
    expect(await list(organisationId, heir)).toEqual([heir.userId, member.userId]);
    await service.organisations.removeMember({ organisationId, userId: member.userId }, heir.as);
    // The one who is gone is no member that anybody has to keep.
    await service.organisations.removeMember({ organisationId, userId: head.userId }, manager.as);
    expect(await list(organisationId, manager)).toEqual([heir.userId]);
  });

  it.each(['manager', 'superadmin'])('a %s does all that heads do, and belongs to nothing', async (role) => {
    const organisation = await found();
    const { organisationId } = organisation;
    const member = await joinedMember(service, database, organisation, 'driver');
    const { invitationId } = await invite(service, database, organisation, newEmail());
    const by = await holder(role);
    expect(await outcomesOf(organisationId, by, member.userId, invitationId)).toEqual(all('OK'));
    expect((await service.organisations.listOrganisations({}, by.as)).organisations).toEqual([]);
  });

  it('invite with the roles that they may give, in an organisation that has no head at all', async () => {
    const organisationId = await addOrganisation(database.query, {});
    const manager = await holder('manager');
    const guest = await addressHolder(service, database);
    const { token } = await invite(service, database, { organisationId, head: manager }, guest.email, ['firm_head']);
    const { organisation } = await service.organisations.acceptInvitation({ token }, guest.as);
    expect(organisation).toMatchObject({ isHead: false, roles: ['firm_head'] });
    expect(
      await database.query('select granted_by from accounts.user_group_memberships where user_id = $1', [guest.userId]),
    ).toEqual([{ granted_by: manager.userId }]);
    const above = { organisationId, contactType: 'email', contact: newEmail(), roles: ['manager'] };
    expect(await outcomeOf(service.organisations.inviteMember(above, manager.as))).toBe(
      'PERMISSION_DENIED ROLE_NOT_GRANTABLE',
    );
  });

  it('cannot take the last head who is there either', async () => {
    const { organisationId, head } = await found();
    const manager = await holder('manager');
    const request = { organisationId, userId: head.userId };
    const calls = [
      service.organisations.removeMember(request, manager.as),
      service.organisations.updateMember({ ...request, isHead: false }, manager.as),
    ];
    for (const outcome of await Promise.all(calls.map(outcomeOf))) {
      expect(outcome).toBe('FAILED_PRECONDITION ORGANISATION_LAST_HEAD');
    }
  });

  it('find no organisation that was deleted, or that there is not', async () => {
    const organisation = await found();
    const { organisationId } = organisation;
    const member = await joinedMember(service, database, organisation, 'driver');
    const { invitationId } = await invite(service, database, organisation, newEmail());
    await database.query('update accounts.organisations set deleted_at = now() where id = $1', [organisationId]);
    const manager = await holder('manager');
    for (const [id, invited] of [
      [organisationId, invitationId],
      [randomUUID(), randomUUID()],
    ] as const) {
      expect(await outcomesOf(id, manager, member.userId, invited)).toEqual(
        all(NO_ORGANISATION, 'NOT_FOUND INVITATION_NOT_FOUND'),
      );
    }
  });
});

describe('Whoever lacks accounts.organisations.manage', () => {
  it.each([['support'], ['customer'], ['executor_head'], ['driver'], []])(
    'and holds %j finds no organisation of others, and changes nothing',
    async (...roles: string[]) => {
      const organisation = await found();
      const member = await joinedMember(service, database, organisation, 'driver');
      const { invitationId } = await invite(service, database, organisation, newEmail());
      const outcomes = await outcomesOf(
        organisation.organisationId,
        await holder(...roles),
        member.userId,
        invitationId,
      );
      expect(outcomes).toEqual(all(NO_ORGANISATION, 'NOT_FOUND INVITATION_NOT_FOUND'));
      expect(await list(organisation.organisationId, organisation.head)).toHaveLength(2);
    },
  );

  it('does, too, who is manager in an organisation only, whose role was taken or switched off', async () => {
    const { organisationId } = await found();
    const [scoped, demoted] = [await holder(), await holder('manager')];
    const other = await addOrganisation(database.query, { members: [scoped.userId] });
    await database.query(
      "insert into accounts.user_group_memberships (user_id, group_name, organisation_id) values ($1, 'manager', $2)",
      [scoped.userId, other],
    );
    await service.roles.revokeRole({ userId: demoted.userId, role: 'manager' }, (await holder('superadmin')).as);
    expect(await outcomeOf(list(organisationId, scoped))).toBe(NO_ORGANISATION);
    expect(await outcomeOf(list(other, scoped))).toBe('PERMISSION_DENIED ORGANISATION_HEAD_REQUIRED');
    expect(await outcomeOf(list(organisationId, demoted))).toBe(NO_ORGANISATION);

    const manager = await holder('manager');
    await database.query("update accounts.user_groups set is_active = false where name = 'manager'");
    expect(await outcomeOf(list(organisationId, manager))).toBe(NO_ORGANISATION);
    await database.query("update accounts.user_groups set is_active = true where name = 'manager'");
    expect(await outcomeOf(list(organisationId, manager))).toBe('OK');
  });

  it('loses it at the moment when he acts: his call waits, and does nothing', async () => {
    const [manager, member] = [await holder('manager'), await holder()];
    const organisationId = await addOrganisation(database.query, { members: [member.userId] });
    const demotion = new pg.Client({ connectionString: database.ownerUrl });
    await demotion.connect();
    try {
      await demotion.query('begin');
      await demotion.query('select from accounts.users where id = $1 for no key update', [manager.userId]);
      await demotion.query(
        'update accounts.user_group_memberships set is_active = false, deleted_at = now() where user_id = $1',
        [manager.userId],
      );
      const promoting = outcomeOf(promote(organisationId, manager, member.userId));
      await untilWaiting(database.query, 'accounts.update_member');
      await demotion.query('commit');
      expect(await promoting).toBe(NO_ORGANISATION);
    } finally {
      await demotion.end();
    }
  });

  it('had it when he invited, and has lost it: his invitation gives nothing, and can be used when he has it again', async () => {
    const { organisationId } = await found();
    const manager = await holder('manager', 'executor_head');
    const guest = await addressHolder(service, database);
    const { token } = await invite(service, database, { organisationId, head: manager }, guest.email);
    const superadmin = await holder('superadmin');
    const role = { userId: manager.userId, role: 'manager' };
    await service.roles.revokeRole(role, superadmin.as);
    const accept = () => outcomeOf(service.organisations.acceptInvitation({ token }, guest.as));
    expect(await accept()).toBe('PERMISSION_DENIED ROLE_NOT_GRANTABLE');
    await service.roles.grantRole(role, superadmin.as);
    expect(await accept()).toBe('OK');
  });
});
