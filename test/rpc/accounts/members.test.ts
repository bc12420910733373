import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { addOrganisation, addRoleHolder, roleHolder } from '../../support/delegation.ts';
import { auditOf, foundOrganisation, invite, joinedMember } from '../../support/organisations.ts';
import type { RoleHolder } from '../../support/organisations.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';

let database: TestDatabase;
let service: TestService;
let other: TestService;
beforeAll(async () => {
  database = await createTestDatabase();
  const settings = { DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl') };
  service = await startService(settings);
  other = await startService(settings);
});
afterAll(async () => {
  await service?.stop();
  await other?.stop();
  await database?.drop();
});

const NOBODY = randomUUID();
const found = () => foundOrganisation(service, database);
const list = (organisationId: string, by: RoleHolder, more: object = {}) =>
  service.organisations.listMembers({ organisationId, ...more }, by.as);
const update = (organisationId: string, by: RoleHolder, userId: string, isHead: boolean) =>
  service.organisations.updateMember({ organisationId, userId, isHead }, by.as);
const remove = (organisationId: string, by: RoleHolder, userId: string) =>
  service.organisations.removeMember({ organisationId, userId }, by.as);
const close = (userId: string) =>
  database.query('update accounts.users set is_active = false, deactivated_at = now() where id = $1', [userId]);
/** The roles that a replica accepts a token with. */
async function rolesAt(replica: TestService, { tokens: { accessToken } }: RoleHolder): Promise<string[]> {
  const { result } = await replica.auth.validateToken({ accessToken });
  if (result?.$case !== 'principal') throw new Error('The token is not accepted.');
  return result.value.roles;
}

describe('ListMembers', () => {
  it('shows heads who belongs to the organisation, with the roles in it alone', async () => {
    const organisation = await found();
    const { head, organisationId } = organisation;
    const driver = await joinedMember(service, database, organisation, 'driver');
    await database.query("update accounts.users set display_name = 'Ada' where id = $1", [driver.userId]);
    await database.query(
      "insert into accounts.user_group_memberships (user_id, group_name) values ($1, 'courier'), ($1, 'customer')",
      [driver.userId],
    );
    await joinedMember(service, database, await found(), 'courier');
    expect(await list(organisationId, head)).toEqual({
      members: [
        { userId: driver.userId, displayName: 'Ada', isHead: false, roles: ['driver'], createTime: expect.any(Date) },
        { userId: head.userId, displayName: '', isHead: true, roles: [], createTime: expect.any(Date) },
      ],
      nextPageToken: '',
    });
    expect((await list(organisationId, head, { role: 'courier' })).members).toEqual([]);
    expect((await list(organisationId, head, { role: 'driver' })).members).toHaveLength(1);
    expect((await list(organisationId, head, { role: 'no_such_role' })).members).toEqual([]);
  });

  it('goes through 130 in pages, the latest account first, each once', async () => {
    const head = await roleHolder(service, database, 'executor_head');
    const people: string[] = [];
    for (let n = 0; n < 129; n += 1) people.push(await addRoleHolder(database.query));
    const organisationId = await addOrganisation(database.query, { heads: [head.userId], members: people });
    const seen: string[] = [];
    const sizes: number[] = [];
    let pageToken = '';
    do {
      const page = await list(organisationId, head, { pageSize: 40, pageToken });
      seen.push(...page.members.map(({ userId }) => userId));
      sizes.push(page.members.length);
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(seen).toEqual([head.userId, ...people].toReversed());
    expect(sizes).toEqual([40, 40, 40, 10]);
    expect((await list(organisationId, head)).members).toHaveLength(50);
    expect((await list(organisationId, head, { pageSize: 100 })).members).toHaveLength(100);
  });

  it('shows no closed account, and no member who has left', async () => {
    const organisation = await found();
    const members = [1, 2, 3].map(() => joinedMember(service, database, organisation));
    const [closed, deleted, left] = (await Promise.all(members)).map(({ userId }) => userId);
    await close(closed ?? '');
    await database.query('update accounts.users set is_active = false, deleted_at = now() where id = $1', [deleted]);
    await remove(organisation.organisationId, organisation.head, left ?? '');
    const { members: shown } = await list(organisation.organisationId, organisation.head);
    expect(shown.map(({ userId }) => userId)).toEqual([organisation.head.userId]);
  });

  it.each([
    [{ organisationId: '' }, ['organisation_id']],
    [{ organisationId: 'x' }, ['organisation_id']],
    [{ organisationId: `${NOBODY}0` }, ['organisation_id']],
    [{ pageSize: -1 }, ['page_size']],
    [{ pageSize: 101 }, ['page_size']],
    [{ pageToken: 'x' }, ['page_token']],
    [{ pageToken: 'A'.repeat(43) }, ['page_token']],
    [{ role: 'x'.repeat(64) }, ['role']],
    [{ role: 'a\u0000b' }, ['role']],
    [
      { organisationId: 'x', role: '\n', pageSize: 1000, pageToken: '-' },
      ['organisation_id', 'page_size', 'page_token', 'role'],
    ],
  ])('refuses %j', async (request, fields) => {
    const { head, organisationId } = await found();
    const refusal = await refusalOf(service.organisations.listMembers({ organisationId, ...request }, head.as));
    expect(refusal).toMatchObject({ status: 'INVALID_ARGUMENT', reason: 'INVALID_REQUEST', fields });
  });

  it('refuses the page token of another organisation, role or list', async () => {
    const [organisation, foreign] = [await found(), await found()];
    await joinedMember(service, database, organisation, 'driver');
    await joinedMember(service, database, organisation, 'driver');
    const { nextPageToken } = await list(organisation.organisationId, organisation.head, { pageSize: 1 });
    expect(
      (await list(organisation.organisationId, organisation.head, { pageToken: nextPageToken })).members,
    ).toHaveLength(2);
    const ofRole = await list(organisation.organisationId, organisation.head, { pageSize: 1, role: 'driver' });
    const calls = [
      list(foreign.organisationId, foreign.head, { pageToken: nextPageToken }),
      list(organisation.organisationId, organisation.head, { pageToken: nextPageToken, role: 'driver' }),
      list(organisation.organisationId, organisation.head, { pageToken: ofRole.nextPageToken }),
      service.organisations.listInvitations({ ...organisation, pageToken: nextPageToken }, organisation.head.as),
    ];
    for (const refusal of await Promise.all(calls.map(refusalOf))) {
      expect(refusal).toMatchObject({ reason: 'INVALID_REQUEST', fields: ['page_token'] });
    }
  });
});

describe('An organisation', () => {
  it('does not exist for outsiders, former members and heads of others; a member of it is no head', async () => {
    const organisation = await found();
    const { organisationId, head } = organisation;
    const stranger = (await found()).head;
    const member = await joinedMember(service, database, organisation);
    const former = await joinedMember(service, database, organisation);
    await remove(organisationId, head, former.userId);
    const { invitationId } = await invite(service, database, organisation, 'someone@example.com');
    const { invitationId: foreign } = await invite(service, database, await found(), 'someone@example.com');
    const calls = (by: RoleHolder, id: string) => [
      () => list(id, by),
      () => update(id, by, member.userId, true),
      () => update(id, by, head.userId, false),
      () => remove(id, by, head.userId),
      () =>
        service.organisations.inviteMember(
          { organisationId: id, contactType: 'email', contact: 'a@example.com', roles: ['driver'] },
          by.as,
        ),
      () => service.organisations.listInvitations({ organisationId: id }, by.as),
    ];
    const before = await database.query('select * from accounts.organisation_members order by 1, 2');
    for (const by of [stranger, former]) {
      const answers: unknown[] = [];
      for (const id of [organisationId, randomUUID()]) {
        for (const call of [...calls(by, id), () => remove(id, by, by.userId), () => remove(id, by, randomUUID())]) {
          const { status, reason, metadata, text } = await refusalOf(call());
          answers.push({ status, reason, metadata, text });
        }
      }
      const [first] = answers;
      expect(first).toMatchObject({ status: 'NOT_FOUND', reason: 'ORGANISATION_NOT_FOUND', metadata: {} });
      expect(answers).toEqual(Array.from({ length: 16 }, () => first));
    }
    for (const call of calls(member, organisationId)) {
      const reason = 'ORGANISATION_HEAD_REQUIRED';
      expect(await refusalOf(call())).toMatchObject({ status: 'PERMISSION_DENIED', reason, metadata: {} });
    }
    // Of invitations neither an outsider nor a member learns.
    for (const [by, id] of [
      [stranger, invitationId],
      [member, invitationId],
      [former, invitationId],
      [head, foreign],
      [head, randomUUID()],
    ] as const) {
      const call = service.organisations.cancelInvitation({ invitationId: id }, by.as);
      expect(await outcomeOf(call)).toBe('NOT_FOUND INVITATION_NOT_FOUND');
    }
    expect(await database.query('select * from accounts.organisation_members order by 1, 2')).toEqual(before);
  });

  it('that was deleted does not exist for its head any more', async () => {
    const { organisationId, head } = await found();
    await database.query('update accounts.organisations set deleted_at = now() where id = $1', [organisationId]);
    expect(await outcomeOf(list(organisationId, head))).toBe('NOT_FOUND ORGANISATION_NOT_FOUND');
    expect((await service.organisations.listOrganisations({}, head.as)).organisations).toEqual([]);
  });
});

describe('UpdateMember', () => {
  it('makes a member a head, who acts at once, and a head an ordinary member again; a repeat changes nothing', async () => {
    const organisation = await found();
    const { organisationId, head } = organisation;
    const member = await joinedMember(service, database, organisation, 'driver');
    for (const isHead of [true, true, false, false]) {
      expect((await update(organisationId, head, member.userId, isHead)).member).toEqual({
        userId: member.userId,
        displayName: '',
        isHead,
        roles: ['driver'],
        createTime: expect.any(Date),
      });
      expect(await outcomeOf(list(organisationId, member))).toBe(
        isHead ? 'OK' : 'PERMISSION_DENIED ORGANISATION_HEAD_REQUIRED',
      );
    }
    const changes = (await auditOf(database, organisationId)).filter(({ action }) => action.endsWith('member_updated'));
    const entry = { action: 'organisation.member_updated', actor_id: head.userId, user_id: member.userId };
    expect(changes).toEqual([
      { ...entry, data: { is_head: true } },
      { ...entry, data: { is_head: false } },
    ]);
  });

  it('leaves the last head one, and counts no head whose account is closed', async () => {
    const organisation = await found();
    const { organisationId, head } = organisation;
    expect(await refusalOf(update(organisationId, head, head.userId, false))).toMatchObject({
      status: 'FAILED_PRECONDITION',
      reason: 'ORGANISATION_LAST_HEAD',
    });
    const second = await joinedMember(service, database, organisation);
    await update(organisationId, head, second.userId, true);
    await close(second.userId);
    for (const outcome of await Promise.all(
      [update(organisationId, head, head.userId, false), remove(organisationId, head, head.userId)].map(outcomeOf),
    )) {
      expect(outcome).toBe('FAILED_PRECONDITION ORGANISATION_LAST_HEAD');
    }
    // The closed one can be removed: he is not the one who keeps it.
    expect(await outcomeOf(remove(organisationId, head, second.userId))).toBe('OK');
  });

  it('knows no member whose account is closed or deleted, as ListMembers shows none', async () => {
    const organisation = await found();
    const { organisationId, head } = organisation;
    const [closed, deleted] = [1, 2].map(() => joinedMember(service, database, organisation));
    const ids = [(await closed!).userId, (await deleted!).userId];
    await close(ids[0]!);
    await database.query('update accounts.users set is_active = false, deleted_at = now() where id = $1', [ids[1]]);
    for (const userId of ids) {
      for (const isHead of [true, false]) {
        const call = update(organisationId, head, userId, isHead);
        expect(await outcomeOf(call)).toBe('NOT_FOUND MEMBER_NOT_FOUND');
      }
    }
    const rows = await database.query<{ is_head: boolean }>(
      'select is_head from accounts.organisation_members where user_id = any ($1)',
      [ids],
    );
    expect(rows).toEqual([{ is_head: false }, { is_head: false }]);
  });

  it('and RemoveMember know members only, and well-formed ids', async () => {
    const { organisationId, head } = await found();
    const stranger = await roleHolder(service, database);
    for (const userId of [stranger.userId, NOBODY]) {
      for (const outcome of await Promise.all(
        [update(organisationId, head, userId, true), remove(organisationId, head, userId)].map(outcomeOf),
      )) {
        expect(outcome).toBe('NOT_FOUND MEMBER_NOT_FOUND');
      }
    }
    for (const refusal of await Promise.all(
      [update('x', head, '', true), remove('', head, `${NOBODY} `)].map(refusalOf),
    )) {
      expect(refusal).toMatchObject({ reason: 'INVALID_REQUEST', fields: ['organisation_id', 'user_id'] });
    }
    const reason = 'MEMBER_NOT_FOUND';
    expect(await refusalOf(remove(organisationId.toUpperCase(), head, NOBODY))).toMatchObject({ reason });
  });
});

describe('RemoveMember', () => {
  it('takes the roles of the organisation, and no others; his token has lost them on another replica at once', async () => {
    const [organisation, second] = [await found(), await found()];
    const { organisationId, head } = organisation;
    const member = await joinedMember(service, database, organisation, 'driver', 'courier');
    const { token } = await invite(service, database, second, member.email, ['courier']);
    await service.organisations.acceptInvitation({ token }, member.as);
    expect(await rolesAt(other, member)).toEqual(['courier', 'driver']);

    const { revision } = await remove(organisationId, head, member.userId);
    expect(revision).toBeGreaterThan(0);
    expect(await rolesAt(other, member)).toEqual(['courier']);
    expect(await rolesAt(service, member)).toEqual(['courier']);
    const rest = (await service.organisations.listOrganisations({}, member.as)).organisations;
    expect(rest.map((each) => each.organisationId)).toEqual([second.organisationId]);
    expect(await outcomeOf(remove(organisationId, head, member.userId))).toBe('NOT_FOUND MEMBER_NOT_FOUND');

    const ended = { actor_id: head.userId, user_id: member.userId };
    expect((await auditOf(database, organisationId)).slice(-3)).toEqual([
      { action: 'role.revoked', ...ended, data: { role: 'courier' } },
      { action: 'role.revoked', ...ended, data: { role: 'driver' } },
      { action: 'organisation.member_removed', ...ended, data: {} },
    ]);
  });

  it('by himself: whoever leaves is out, and 20 in a row have no role at the next validation elsewhere', async () => {
    const organisation = await found();
    for (let n = 0; n < 20; n += 1) {
      const member = await joinedMember(service, database, organisation, 'driver');
      await remove(organisation.organisationId, member, member.userId);
      expect(await rolesAt(other, member)).toEqual([]);
      expect(await outcomeOf(remove(organisation.organisationId, member, member.userId))).toBe(
        'NOT_FOUND ORGANISATION_NOT_FOUND',
      );
    }
  });

  it('of the last head is refused; of a head by another it is not, and his invitations give nothing any more', async () => {
    const organisation = await found();
    const { organisationId, head } = organisation;
    expect(await outcomeOf(remove(organisationId, head, head.userId))).toBe(
      'FAILED_PRECONDITION ORGANISATION_LAST_HEAD',
    );
    const second = await joinedMember(service, database, organisation);
    await update(organisationId, head, second.userId, true);
    await remove(organisationId, second, head.userId);
    expect((await list(organisationId, second)).members.map(({ userId }) => userId)).toEqual([second.userId]);
  });

  it('and joining again: he is a member with the new roles, and no head any more', async () => {
    const organisation = await found();
    const { organisationId, head } = organisation;
    const member = await joinedMember(service, database, organisation, 'driver');
    await update(organisationId, head, member.userId, true);
    await remove(organisationId, head, member.userId);
    const { token } = await invite(service, database, organisation, member.email, ['courier']);
    const { organisation: joined } = await service.organisations.acceptInvitation({ token }, member.as);
    expect(joined).toMatchObject({ isHead: false, roles: ['courier'] });
    expect((await list(organisationId, head)).members).toHaveLength(2);
  });

  it('50 times two heads remove each other at once: one is left, and is the head', async () => {
    const first = await roleHolder(service, database, 'executor_head');
    const second = await roleHolder(service, database, 'executor_head');
    const heads = [first.userId, second.userId];
    const winners: string[] = [];
    for (let round = 0; round < 50; round += 1) {
      const organisationId = await addOrganisation(database.query, { heads });
      const outcomes = await Promise.all([
        outcomeOf(remove(organisationId, first, second.userId)),
        outcomeOf(other.organisations.removeMember({ organisationId, userId: first.userId }, second.as)),
      ]);
      expect(outcomes.toSorted()).toEqual(['NOT_FOUND ORGANISATION_NOT_FOUND', 'OK']);
      winners.push(...(await headsOf(organisationId)));
    }
    expect(winners).toHaveLength(50);
    console.log(`the first head won ${winners.filter((id) => id === first.userId).length} of 50`);
  });

  it.each(['leave', 'demote themselves'])('50 times two heads %s at once: one head is left', async (what) => {
    const heads = [await roleHolder(service, database), await roleHolder(service, database)];
    for (let round = 0; round < 50; round += 1) {
      const organisationId = await addOrganisation(database.query, { heads: heads.map(({ userId }) => userId) });
      const outcomes = await Promise.all(
        heads.map((by) =>
          outcomeOf(
            what === 'leave' ? remove(organisationId, by, by.userId) : update(organisationId, by, by.userId, false),
          ),
        ),
      );
      expect(outcomes.toSorted()).toEqual(['FAILED_PRECONDITION ORGANISATION_LAST_HEAD', 'OK']);
      expect(await headsOf(organisationId)).toHaveLength(1);
    }
  });

  async function headsOf(organisationId: string): Promise<string[]> {
    const rows = await database.query<{ user_id: string }>(
      'select user_id from accounts.organisation_members where organisation_id = $1 and is_head and deleted_at is null',
      [organisationId],
    );
    return rows.map(({ user_id: id }) => id);
  }
});
