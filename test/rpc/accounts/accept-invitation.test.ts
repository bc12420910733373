import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { roleHolder } from '../../support/delegation.ts';
import {
  addressHolder,
  auditOf,
  foundOrganisation,
  giveEmail,
  invitationToken,
  invite,
  joinedMember,
  newEmail,
} from '../../support/organisations.ts';
import type { RoleHolder } from '../../support/organisations.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { PASSWORD, bearer, register, tokensOf } from '../../support/people.ts';
import { putChallenge } from '../../support/challenges.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';

const LINKS = 50;
const RIVALS = 8;
const LINK_INVALID = 'INVALID_ARGUMENT LINK_INVALID';
const NOT_GRANTABLE = 'PERMISSION_DENIED ROLE_NOT_GRANTABLE';

let database: TestDatabase;
let service: TestService;
let other: TestService;
let organisation: Awaited<ReturnType<typeof foundOrganisation>>;
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
beforeEach(async () => {
  organisation = await foundOrganisation(service, database, 'Rapid');
});

const accept = (token: string, by: Pick<RoleHolder, 'as'>, at = service) =>
  at.organisations.acceptInvitation({ token }, by.as);
const holder = () => addressHolder(service, database);
const sent = (email: string, roles?: string[]) => invite(service, database, organisation, email, roles);
async function sentToPhone(contact: string): Promise<string> {
  await database.query('delete from auth.message_quotas');
  const { head, organisationId } = organisation;
  const request = { organisationId, contactType: 'phone', contact, roles: ['driver'] };
  return invitationToken((await service.organisations.inviteMember(request, head.as)).invitationId);
}
const giveUnconfirmed = (userId: string, email: string) =>
  database.query("insert into accounts.user_contacts (user_id, type, value) values ($1, 'email', $2)", [userId, email]);
const takeRoles = (userId: string) =>
  database.query(
    'update accounts.user_group_memberships set is_active = false, deleted_at = now() where user_id = $1 and is_active',
    [userId],
  );
/** Everything that an acceptance changes. */
const traces = async () => [
  await database.query('select * from accounts.organisation_members order by 1, 2'),
  await database.query('select * from accounts.user_group_memberships order by 1, 2, organisation_id'),
  await database.query('select * from accounts.user_contacts order by id'),
  await database.query('select * from auth.challenges order by id'),
  await database.query("select count(*) from auth.audit_events where action <> 'role.grant_refused'"),
];

describe('AcceptInvitation', () => {
  it('makes a member with the roles, which every replica knows at once for the tokens that he has', async () => {
    const person = await holder();
    const { invitationId, token } = await sent(person.email, ['driver', 'courier']);
    const answer = await accept(token, person);
    expect(answer).toEqual({
      organisation: {
        organisationId: organisation.organisationId,
        name: 'Rapid',
        isHead: false,
        roles: ['courier', 'driver'],
        createTime: expect.any(Date),
      },
      revision: expect.toSatisfy((revision: number) => revision > 0),
    });
    const { result } = await other.auth.validateToken({ accessToken: person.tokens.accessToken });
    expect(result).toMatchObject({ value: { userId: person.userId, roles: ['courier', 'driver'] } });
    expect((await service.organisations.listOrganisations({}, person.as)).organisations).toEqual([answer.organisation]);

    const [head, who] = [organisation.head.userId, person.userId];
    expect((await auditOf(database, organisation.organisationId)).slice(2)).toEqual([
      { action: 'organisation.joined', actor_id: who, user_id: who, data: { invitation_id: invitationId } },
      { action: 'role.granted', actor_id: head, user_id: who, data: { role: 'courier' } },
      { action: 'role.granted', actor_id: head, user_id: who, data: { role: 'driver' } },
    ]);
    expect(await outcomeOf(accept(token, person))).toBe(LINK_INVALID);
  });

  it('gives a member more roles, and leaves a head one', async () => {
    const member = await joinedMember(service, database, organisation, 'driver');
    const { organisationId, head } = organisation;
    await service.organisations.updateMember({ organisationId, userId: member.userId, isHead: true }, head.as);
    const answer = await accept((await sent(member.email, ['courier', 'driver'])).token, member);
    expect(answer.organisation).toMatchObject({ isHead: true, roles: ['courier', 'driver'] });
    const joined = (await auditOf(database, organisationId)).filter(({ action }) => action === 'organisation.joined');
    expect(joined).toHaveLength(1);
  });

  it(`${LINKS} links, each in ${RIVALS} calls at once on two replicas: one acceptance each`, async () => {
    for (let round = 0; round < LINKS; round += 1) {
      const person = await holder();
      const { token } = await sent(person.email);
      const outcomes = await Promise.all(
        Array.from({ length: RIVALS }, (_, n) => outcomeOf(accept(token, person, n % 2 === 0 ? service : other))),
      );
      expect(outcomes.toSorted()).toEqual([...Array.from({ length: RIVALS - 1 }, () => LINK_INVALID), 'OK']);
    }
    const audit = await auditOf(database, organisation.organisationId);
    for (const action of ['organisation.joined', 'role.granted']) {
      expect(audit.filter((entry) => entry.action === action)).toHaveLength(LINKS);
    }
  });

  it('needs the invited contact, active, and leaves the link usable for its owner', async () => {
    const owner = await roleHolder(service, database);
    const email = newEmail();
    const { token } = await sent(email);
    const former = await roleHolder(service, database);
    await giveEmail(database, former.userId, email);
    await database.query(
      'update accounts.user_contacts set is_active = false, deactivated_at = now() where user_id = $1',
      [former.userId],
    );
    const guest = bearer(tokensOf(await service.auth.startGuestSession({ interface: 'customer' })).accessToken);
    const stranger = await holder();
    const before = await traces();
    for (const by of [stranger, former, { as: guest }, owner]) {
      expect(await refusalOf(accept(token, by))).toMatchObject({ status: 'INVALID_ARGUMENT', reason: 'LINK_INVALID' });
    }
    expect(await traces()).toEqual(before);
    await giveEmail(database, owner.userId, email);
    expect(await outcomeOf(accept(token, stranger))).toBe(LINK_INVALID);
    await accept(token, owner);
    expect(before).not.toEqual(await traces());
  });

  it('confirms the invited phone of somebody who has registered with it, and he logs in by it', async () => {
    const person = await register(service);
    const as = bearer(person.tokens.accessToken);
    const logIn = () => outcomeOf(service.auth.login({ login: person.phone, password: PASSWORD }));
    expect(await logIn()).toBe('UNAUTHENTICATED CREDENTIALS_INVALID');
    const token = await sentToPhone(person.phone);
    expect((await accept(token, { as })).organisation).toMatchObject({ roles: ['driver'] });
    expect(
      await database.query(
        `select confirmed_at is not null as confirmed, is_primary from accounts.user_contacts where user_id = $1 and type = 'phone'`,
        [person.userId],
      ),
    ).toEqual([{ confirmed: true, is_primary: true }]);
    expect(await logIn()).toBe('OK');
  });

  it('tells the address of before, in the language of the request, when it confirms a contact', async () => {
    const person = await holder();
    await database.query('update accounts.user_contacts set is_primary = true where user_id = $1', [person.userId]);
    const added = newEmail();
    await giveUnconfirmed(person.userId, added);
    const { metadata } = bearer(person.tokens.accessToken);
    metadata.set('accept-language', 'ru');
    await accept((await sent(added)).token, { as: { metadata } });
    expect(
      await database.query("select recipient, language from auth.messages where template = 'contact_changed'"),
    ).toEqual([{ recipient: person.email, language: 'ru' }]);
  });

  it('takes a contact from nobody who has confirmed it', async () => {
    const { userId, as } = await roleHolder(service, database);
    const email = newEmail();
    await giveUnconfirmed(userId, email);
    const { token } = await sent(email);
    await giveEmail(database, (await roleHolder(service, database)).userId, email);
    const before = await traces();
    expect(await outcomeOf(accept(token, { as }))).toBe(LINK_INVALID);
    expect(await traces()).toEqual(before);
  });

  it('refuses what is no live link of an invitation, the same for all', async () => {
    const person = await holder();
    const { invitationId, token } = await sent(person.email);
    const expired = await sent(person.email);
    await database.query("update auth.challenges set expires_at = now() - interval '1 ms' where id = $1", [
      expired.invitationId,
    ]);
    const forOther = { purpose: 'contact_confirmation', method: 'link', contactType: 'email' } as const;
    const confirmation = await putChallenge(database, { ...forOther, contact: person.email, userId: person.userId });
    const before = await traces();
    for (const wrong of [
      token, // replaced
      expired.token,
      confirmation.token,
      invitationToken(confirmation.handle),
      invitationToken(person.userId),
      invitationId,
      `${token.slice(0, 40)}${token[40] === 'A' ? 'B' : 'A'}${token.slice(41)}`,
      'A'.repeat(64),
      'A'.repeat(100_000),
      'x\u0000',
    ]) {
      expect(await outcomeOf(accept(wrong, person))).toBe(LINK_INVALID);
    }
    expect(await refusalOf(accept('', person))).toMatchObject({ reason: 'INVALID_REQUEST', fields: ['token'] });
    expect(await traces()).toEqual(before);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['has lost his role', () => takeRoles(organisation.head.userId)],
    [
      'is a head no more',
      async () => {
        const { organisationId, head } = organisation;
        const second = await joinedMember(service, database, organisation);
        await service.organisations.updateMember({ organisationId, userId: second.userId, isHead: true }, head.as);
        await service.organisations.updateMember({ organisationId, userId: head.userId, isHead: false }, head.as);
      },
    ],
    [
      'is a head no more, and staff that may give the role to anybody, but not act as a head',
      async () => {
        await database.query(
          "delete from accounts.role_permissions where role = 'manager' and permission = 'accounts.organisations.manage'",
        );
        await database.query(
          "insert into accounts.user_group_memberships (user_id, group_name) values ($1, 'manager')",
          [organisation.head.userId],
        );
        await database.query('update accounts.organisation_members set is_head = false where user_id = $1', [
          organisation.head.userId,
        ]);
      },
    ],
    [
      'has left',
      async () => {
        const { organisationId, head } = organisation;
        const second = await joinedMember(service, database, organisation);
        await service.organisations.updateMember({ organisationId, userId: second.userId, isHead: true }, head.as);
        await service.organisations.removeMember({ organisationId, userId: head.userId }, head.as);
      },
    ],
    [
      'has closed his account',
      () =>
        database.query('update accounts.users set is_active = false, deactivated_at = now() where id = $1', [
          organisation.head.userId,
        ]),
    ],
    [
      'invited to an organisation that is no more',
      () =>
        database.query('update accounts.organisations set deleted_at = now() where id = $1', [
          organisation.organisationId,
        ]),
    ],
    [
      'invited to a role that was switched off',
      () => database.query("update accounts.user_groups set is_active = false where name = 'driver'"),
    ],
  ])(
    'is refused when the inviter %s; there is an event, nothing else, and the link is not used up',
    async (what, change) => {
      const person = await roleHolder(service, database);
      const email = newEmail();
      await giveUnconfirmed(person.userId, email);
      const { invitationId, token } = await sent(email, ['courier', 'driver']);
      await change();
      const before = await traces();
      expect(await outcomeOf(accept(token, person))).toBe(NOT_GRANTABLE);
      expect(await traces()).toEqual(before);
      const [challenge] = await database.query('select ended_at from auth.challenges where id = $1', [invitationId]);
      expect(challenge).toEqual({ ended_at: null });
      // Of the roles the first that refuses it.
      const role = what.includes('switched off') ? 'driver' : 'courier';
      expect((await auditOf(database, organisation.organisationId)).at(-1)).toEqual({
        action: 'role.grant_refused',
        actor_id: organisation.head.userId,
        user_id: person.userId,
        data: { role },
      });
      await database.query("update accounts.user_groups set is_active = true where name = 'driver'");
      await database.query(
        "insert into accounts.role_permissions (role, permission) values ('manager', 'accounts.organisations.manage') on conflict do nothing",
      );
    },
  );

  it('works again when the inviter has his role back', async () => {
    const person = await holder();
    const { token } = await sent(person.email);
    await takeRoles(organisation.head.userId);
    expect(await outcomeOf(accept(token, person))).toBe(NOT_GRANTABLE);
    await database.query(
      'update accounts.user_group_memberships set is_active = true, deleted_at = null where user_id = $1',
      [organisation.head.userId],
    );
    await accept(token, person);
  });

  it('is not for the inviter himself, nor for somebody who ranks higher than he', async () => {
    const email = await giveEmail(database, organisation.head.userId);
    expect(await outcomeOf(accept((await sent(email)).token, organisation.head))).toBe(NOT_GRANTABLE);
    const support = await addressHolder(service, database, 'support');
    expect(await outcomeOf(accept((await sent(support.email)).token, support))).toBe(NOT_GRANTABLE);
  });

  it('is no way into an organisation for an account that was closed while the call was under way', async () => {
    const person = await holder();
    const { token } = await sent(person.email);
    // Its tokens live on here: only the database knows.
    await database.query('update accounts.users set is_active = false, deactivated_at = now() where id = $1', [
      person.userId,
    ]);
    expect(await outcomeOf(accept(token, person))).toBe('UNAUTHENTICATED TOKEN_REVOKED');
  });

  it('30 times against the demotion of the inviter at once: whoever joins has joined before it', async () => {
    const second = await joinedMember(service, database, organisation);
    const { organisationId, head } = organisation;
    await service.organisations.updateMember({ organisationId, userId: second.userId, isHead: true }, head.as);
    const counts = { joined: 0, refused: 0 };
    for (let round = 0; round < 30; round += 1) {
      const person = await holder();
      const { token } = await sent(person.email);
      const demotion = { organisationId, userId: head.userId, isHead: false };
      const [outcome] = await Promise.all([
        outcomeOf(accept(token, person)),
        other.organisations.updateMember(demotion, second.as),
      ]);
      expect(['OK', NOT_GRANTABLE]).toContain(outcome);
      const [order] = await database.query<{ is_first: boolean }>(
        `select max(id::text) filter (where action = 'organisation.joined')
                < max(id::text) filter (where action = 'organisation.member_updated')
                as is_first
           from auth.audit_events where organisation_id = $1 and user_id in ($2, $3)`,
        [organisationId, person.userId, head.userId],
      );
      expect(order?.is_first ?? false).toBe(outcome === 'OK');
      counts[outcome === 'OK' ? 'joined' : 'refused'] += 1;
      await service.organisations.updateMember({ ...demotion, isHead: true }, second.as);
    }
    console.log(`joined ${counts.joined}, refused ${counts.refused}`);
  });
});
