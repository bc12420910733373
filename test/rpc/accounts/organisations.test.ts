import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { addOrganisation, roleHolder } from '../../support/delegation.ts';
import { auditOf, foundOrganisation, joinedMember } from '../../support/organisations.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { bearer, tokensOf } from '../../support/people.ts';
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

const head = () => roleHolder(service, database, 'executor_head');

describe('CreateOrganisation', () => {
  it.each(['executor_head', 'firm_head'])('makes a holder of %s the head of what he creates', async (role) => {
    const person = await roleHolder(service, database, role);
    const { organisation } = await service.organisations.createOrganisation({ name: '  Cafe\u0301 ' }, person.as);
    const expected = {
      organisationId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      name: 'Caf\u00e9',
      isHead: true,
      roles: [],
      createTime: expect.any(Date),
    };
    expect(organisation).toEqual(expected);
    expect((await service.organisations.listOrganisations({}, person.as)).organisations).toEqual([organisation]);
    const { userId } = person;
    expect(await auditOf(database, organisation?.organisationId ?? '')).toEqual([
      { action: 'organisation.created', actor_id: userId, user_id: userId, data: {} },
    ]);
  });

  it.each([['customer'], ['driver'], ['order_desk'], ['superadmin'], ['manager'], []])(
    'is not for a holder of %s',
    async (...roles: string[]) => {
      const person = await roleHolder(service, database, ...roles);
      const call = service.organisations.createOrganisation({ name: 'Test' }, person.as);
      expect(await refusalOf(call)).toMatchObject({ status: 'PERMISSION_DENIED', reason: 'HEAD_ROLE_REQUIRED' });
    },
  );

  it('is not for a guest, for whoever has lost the role a moment ago, or has it in an organisation only', async () => {
    const guest = bearer(tokensOf(await service.auth.startGuestSession({ interface: 'customer' })).accessToken);
    const demoted = await head();
    await database.query(
      'update accounts.user_group_memberships set is_active = false, deleted_at = now() where user_id = $1',
      [demoted.userId],
    );
    const scoped = await roleHolder(service, database);
    const organisationId = await addOrganisation(database.query, { members: [scoped.userId] });
    await database.query(
      "insert into accounts.user_group_memberships (user_id, group_name, organisation_id) values ($1, 'firm_head', $2)",
      [scoped.userId, organisationId],
    );
    for (const as of [guest, demoted.as, scoped.as]) {
      const call = service.organisations.createOrganisation({ name: 'Test' }, as);
      expect(await outcomeOf(call)).toBe('PERMISSION_DENIED HEAD_ROLE_REQUIRED');
    }
  });

  it('60 at once by one user: 20 of them, and another when he heads one fewer', async () => {
    const person = await head();
    const create = () => service.organisations.createOrganisation({ name: 'One of many' }, person.as);
    const outcomes = await Promise.all(Array.from({ length: 60 }, () => outcomeOf(create())));
    expect(outcomes.filter((outcome) => outcome === 'OK')).toHaveLength(20);
    expect(await refusalOf(create())).toMatchObject({
      status: 'RESOURCE_EXHAUSTED',
      reason: 'ORGANISATION_LIMIT',
      metadata: { limit: '20' },
    });
    const { organisations } = await service.organisations.listOrganisations({}, person.as);
    expect(organisations).toHaveLength(20);

    const [first] = organisations;
    const organisationId = first?.organisationId ?? '';
    const other = await joinedMember(service, database, { head: person, organisationId });
    const promotion = { organisationId, userId: other.userId, isHead: true };
    await service.organisations.updateMember(promotion, person.as);
    await service.organisations.updateMember({ ...promotion, userId: person.userId, isHead: false }, person.as);
    await create();
    expect(await outcomeOf(create())).toBe('RESOURCE_EXHAUSTED ORGANISATION_LIMIT');
  });

  it('20 is the limit of those that somebody is made a head of, too, also by 40 calls at once', async () => {
    const person = await head();
    const organisations = await Promise.all(
      Array.from({ length: 40 }, async () => {
        const by = await head();
        const organisationId = await addOrganisation(database.query, { heads: [by.userId], members: [person.userId] });
        return { organisationId, promote: { organisationId, userId: person.userId, isHead: true }, by };
      }),
    );
    const outcomes = await Promise.all(
      organisations.map(({ promote, by }) => outcomeOf(service.organisations.updateMember(promote, by.as))),
    );
    expect(outcomes.filter((outcome) => outcome === 'OK')).toHaveLength(20);
    const refused = organisations[outcomes.findIndex((outcome) => outcome !== 'OK')]!;
    expect(await refusalOf(service.organisations.updateMember(refused.promote, refused.by.as))).toMatchObject({
      status: 'RESOURCE_EXHAUSTED',
      reason: 'ORGANISATION_LIMIT',
      metadata: { limit: '20' },
    });
    const call = service.organisations.createOrganisation({ name: 'One more' }, person.as);
    expect(await outcomeOf(call)).toBe('RESOURCE_EXHAUSTED ORGANISATION_LIMIT');
    // Whoever is one already stays one: a repeat is no change.
    const held = organisations[outcomes.indexOf('OK')]!;
    await service.organisations.updateMember(held.promote, held.by.as);
    // One that was deleted is none.
    await database.query('update accounts.organisations set deleted_at = now() where id = $1', [held.organisationId]);
    await service.organisations.updateMember(refused.promote, refused.by.as);
  });

  it.each([
    '',
    '  ',
    'x'.repeat(101),
    '\u{1f600}'.repeat(101),
    'x'.repeat(801),
    'a\u0000b',
    'a\u0007b',
    'two\nlines',
    'a\u0085b',
    'a\u2028b',
    'a\u2029b',
    'a\ufffdb',
    '\ud800',
  ])('refuses the name %j', async (name) => {
    const person = await head();
    const call = service.organisations.createOrganisation({ name }, person.as);
    expect(await refusalOf(call)).toMatchObject({ reason: 'INVALID_REQUEST', fields: ['name'] });
  });

  it.each(['x', 'x'.repeat(100), '\u{1f600}'.repeat(100), "'; drop table users; --", '\u200e\u202e\u00ad\ue000'])(
    'takes the name %j',
    async (name) => {
      const { organisation } = await service.organisations.createOrganisation({ name }, (await head()).as);
      expect(organisation?.name).toBe(name);
    },
  );

  it('and everything else of organisations needs a live access token', async () => {
    const { organisationId } = await foundOrganisation(service, database);
    const userId = randomUUID();
    const calls = [
      service.organisations.createOrganisation({ name: 'x' }),
      service.organisations.listOrganisations({}),
      service.organisations.listMembers({ organisationId }),
      service.organisations.inviteMember({
        organisationId,
        contactType: 'email',
        contact: 'a@b.example',
        roles: ['driver'],
      }),
      service.organisations.listInvitations({ organisationId }),
      service.organisations.cancelInvitation({ invitationId: userId }),
      service.organisations.acceptInvitation({ token: 'x' }),
      service.organisations.updateMember({ organisationId, userId, isHead: true }),
      service.organisations.removeMember({ organisationId, userId }),
    ];
    for (const outcome of await Promise.all(calls.map(outcomeOf))) {
      expect(outcome).toBe('UNAUTHENTICATED TOKEN_MISSING');
    }
  });
});

describe('ListOrganisations', () => {
  it('shows the organisations that somebody belongs to, the latest first, with what he is in each', async () => {
    const first = await foundOrganisation(service, database, 'First');
    const member = await joinedMember(service, database, first, 'driver', 'courier');
    const second = await addOrganisation(database.query, { heads: [member.userId] });
    await foundOrganisation(service, database, 'of somebody else');
    expect((await service.organisations.listOrganisations({}, member.as)).organisations).toMatchObject([
      { organisationId: second, name: 'Test', isHead: true, roles: [] },
      { organisationId: first.organisationId, name: 'First', isHead: false, roles: ['courier', 'driver'] },
    ]);
    await service.organisations.removeMember({ ...first, userId: member.userId }, member.as);
    const { organisations } = await service.organisations.listOrganisations({}, member.as);
    expect(organisations.map(({ organisationId }) => organisationId)).toEqual([second]);
  });

  it('shows 100 at the most, and nothing to somebody who is alone', async () => {
    const person = await roleHolder(service, database);
    expect(await service.organisations.listOrganisations({}, person.as)).toEqual({ organisations: [] });
    const ids: string[] = [];
    for (let n = 0; n < 101; n += 1) ids.push(await addOrganisation(database.query, { members: [person.userId] }));
    const { organisations } = await service.organisations.listOrganisations({}, person.as);
    expect(organisations.map(({ organisationId }) => organisationId)).toEqual(ids.toReversed().slice(0, 100));
  });
});
