import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { roleHolder } from '../../support/delegation.ts';
import {
  auditOf,
  foundOrganisation,
  giveEmail,
  invitationToken,
  invite,
  newEmail,
} from '../../support/organisations.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { PASSWORD, bearer, newPerson, registerConfirmed, tokensOf } from '../../support/people.ts';
import { refusalOf } from '../../support/refusal.ts';
import { beginRegistration, newForm } from '../../support/registrations.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import { problemOf } from '../../support/validation.ts';

const LINKS = 20;
const RIVALS = 8;
const ALREADY = 'ALREADY_EXISTS VERIFY_USER_ALREADY_VERIFIED';

let database: TestDatabase;
let service: TestService;
let other: TestService;
let organisation: Awaited<ReturnType<typeof foundOrganisation>>;
beforeAll(async () => {
  database = await createTestDatabase();
  const settings = { DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl'), REGISTRATION_PHONE: 'required' };
  service = await startService(settings);
  other = await startService({ ...settings, REGISTRATION_PHONE: 'off' });
});
afterAll(async () => {
  await service?.stop();
  await other?.stop();
  await database?.drop();
});
beforeEach(async () => {
  organisation = await foundOrganisation(service, database);
});

const sent = (email: string, roles?: string[]) => invite(service, database, organisation, email, roles);
const check = (token: string) => service.registration.checkRegistration({ token });
/** At the replica that asks for no phone. */
const finish = (token: string, form: Parameters<typeof newForm>[1] = {}) =>
  other.registration.finishRegistration(newForm(token, form));
async function sentToPhone(phone: string): Promise<string> {
  await database.query('delete from auth.message_quotas');
  const { head, organisationId } = organisation;
  const request = { organisationId, contactType: 'phone', contact: phone, roles: ['courier'] };
  return invitationToken((await service.organisations.inviteMember(request, head.as)).invitationId);
}
/** Everything that a registration changes. */
const traces = async () => [
  await database.query('select id, is_guest from accounts.users order by id'),
  await database.query('select * from accounts.organisation_members order by 1, 2'),
  await database.query('select * from auth.challenges order by id'),
  await database.query('select count(*) from auth.sessions'),
];
const contactsOf = (userId: string) =>
  database.query(
    `select type, value, confirmed_at is not null as is_confirmed, is_primary
       from accounts.user_contacts where user_id = $1 and is_active order by type`,
    [userId],
  );

describe('A registration by an invitation', () => {
  it('opens an account with the invited address, the membership and its roles, and no others', async () => {
    const email = newEmail();
    const { invitationId, token } = await sent(email, ['driver', 'courier']);
    expect(await check(token)).toEqual({
      email,
      phone: '',
      isInvitation: true,
      expireTime: expect.any(Date),
      organisationName: 'Test',
      roles: ['courier', 'driver'],
    });
    const answer = await finish(token);
    const { userId } = answer;
    expect(answer.roles).toEqual(['courier', 'driver']);
    const tokens = tokensOf(answer);
    expect(await problemOf(service, tokens.accessToken)).toBeNull();
    expect(await contactsOf(userId)).toEqual([{ type: 'email', value: email, is_confirmed: true, is_primary: true }]);
    expect((await service.auth.login({ login: email, password: PASSWORD })).userId).toBe(userId);
    const { organisations } = await service.organisations.listOrganisations({}, bearer(tokens.accessToken));
    expect(organisations).toMatchObject([
      { organisationId: organisation.organisationId, isHead: false, roles: ['courier', 'driver'] },
    ]);
    expect(
      await database.query(
        'select from accounts.user_group_memberships where user_id = $1 and organisation_id is null',
        [userId],
      ),
    ).toEqual([]);
    const head = organisation.head.userId;
    expect((await auditOf(database, organisation.organisationId)).slice(2)).toEqual([
      { action: 'organisation.joined', actor_id: userId, user_id: userId, data: { invitation_id: invitationId } },
      { action: 'role.granted', actor_id: head, user_id: userId, data: { role: 'courier' } },
      { action: 'role.granted', actor_id: head, user_id: userId, data: { role: 'driver' } },
    ]);
    expect(JSON.stringify(other.logLines)).not.toContain(token);
    expect(await Promise.all([check(token), finish(token)].map(outcomeOf))).toEqual([ALREADY, ALREADY]);
  });

  it('says whereto it leads only to whoever has the link, and says it as the head typed it', async () => {
    const name = '<b>Caf\u00e9</b> \u202e"; drop table users';
    organisation = await foundOrganisation(service, database, name);
    const { token } = await sent(newEmail());
    expect(await check(token)).toMatchObject({ organisationName: name, roles: ['driver'] });
    const forged = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`;
    expect(JSON.stringify(await refusalOf(check(forged)))).not.toContain('Caf');
    // Of one that was used nothing is told either.
    await finish(token);
    expect(JSON.stringify(await refusalOf(check(token)))).not.toContain('Caf');
  });

  it('confirms the phone that a link was sent to, and asks for no address and no other phone', async () => {
    const { phone } = newPerson();
    const token = await sentToPhone(phone);
    expect(await check(token)).toEqual({
      email: '',
      phone,
      isInvitation: true,
      expireTime: expect.any(Date),
      organisationName: 'Test',
      roles: ['courier'],
    });
    const foreign = newForm(token, { phone: newPerson().phone });
    expect(await refusalOf(service.registration.finishRegistration(foreign))).toMatchObject({
      reason: 'INVALID_REQUEST',
      fields: ['phone'],
    });
    // A phone is required of others here.
    const { userId } = await service.registration.finishRegistration(newForm(token));
    expect(await contactsOf(userId)).toEqual([{ type: 'phone', value: phone, is_confirmed: true, is_primary: true }]);
    expect((await service.auth.login({ login: phone, password: PASSWORD })).userId).toBe(userId);
  });

  it.each([() => service, () => other])(
    'takes the invited phone in the form, too, wherever phones are asked for',
    async (at) => {
      const { phone } = newPerson();
      const token = await sentToPhone(phone);
      const { userId } = await at().registration.finishRegistration(newForm(token, { phone: `8${phone.slice(2)}` }));
      expect(await contactsOf(userId)).toHaveLength(1);
    },
  );

  it('by mail asks for a phone as any registration, which is not confirmed', async () => {
    const { token } = await sent(newEmail());
    expect(await refusalOf(service.registration.finishRegistration(newForm(token)))).toMatchObject({
      reason: 'INVALID_REQUEST',
      fields: ['phone'],
    });
    const { phone } = newPerson();
    const { userId } = await service.registration.finishRegistration(newForm(token, { phone }));
    expect(await contactsOf(userId)).toMatchObject([
      { type: 'email' },
      { type: 'phone', value: phone, is_confirmed: false },
    ]);
    expect(await refusalOf(finish((await sent(newEmail())).token, { phone }))).toMatchObject({ fields: ['phone'] });
  });

  it('takes roles of the interface that are asked for, as it gives them to anybody', async () => {
    const { token } = await sent(newEmail());
    const before = await traces();
    for (const groupNames of [['superadmin'], ['courier'], ['customer', 'driver'], ['no_such_role']]) {
      expect(await outcomeOf(finish(token, { groupNames }))).toBe('PERMISSION_DENIED ROLE_NOT_ASSIGNABLE');
    }
    expect(await traces()).toEqual(before);
    const { userId, roles } = await finish(token, { groupNames: ['customer'] });
    expect(roles).toEqual(['customer', 'driver']);
    expect(
      await database.query(
        'select group_name, organisation_id, granted_by from accounts.user_group_memberships where user_id = $1 order by 1',
        [userId],
      ),
    ).toEqual([
      { group_name: 'customer', organisation_id: null, granted_by: null },
      { group_name: 'driver', organisation_id: organisation.organisationId, granted_by: organisation.head.userId },
    ]);
  });

  it(`${LINKS} links, each in ${RIVALS} calls at once on two replicas: one account each`, async () => {
    const before = await database.query('select from accounts.users');
    for (let round = 0; round < LINKS; round += 1) {
      const { token } = await sent(newEmail());
      const outcomes = await Promise.all(
        Array.from({ length: RIVALS }, (_, n) =>
          outcomeOf(
            (n % 2 === 0 ? service : other).registration.finishRegistration(
              newForm(token, { secondLogin: newPerson().secondLogin, phone: n % 2 === 0 ? newPerson().phone : '' }),
            ),
          ),
        ),
      );
      expect(outcomes.toSorted()).toEqual([...Array.from({ length: RIVALS - 1 }, () => ALREADY), 'OK']);
    }
    expect(await database.query('select from accounts.users')).toHaveLength(before.length + LINKS);
    expect(await auditOf(database, organisation.organisationId)).toHaveLength(1 + 3 * LINKS);
  });

  it('is over when the contact has an account by now, of whichever kind the contact is', async () => {
    const email = newEmail();
    const { phone } = newPerson();
    const tokens = [(await sent(email, ['courier'])).token, await sentToPhone(phone)];
    await giveEmail(database, (await roleHolder(service, database)).userId, email);
    await registerConfirmed(service, database, { phone });
    const before = await traces();
    for (const token of tokens) {
      expect(await Promise.all([check(token), finish(token)].map(outcomeOf))).toEqual([ALREADY, ALREADY]);
      // What he reads before he accepts it.
      expect((await refusalOf(check(token))).metadata).toMatchObject({ organisation_name: 'Test', roles: 'courier' });
    }
    expect(await traces()).toEqual(before);
  });

  it('refuses a link that is over; the tokens of the two kinds of links do for each other nowhere', async () => {
    const cancelled = await sent(newEmail());
    await service.organisations.cancelInvitation({ invitationId: cancelled.invitationId }, organisation.head.as);
    const expired = await sent(newEmail());
    await database.query("update auth.challenges set expires_at = now() - interval '1 ms' where id = $1", [
      expired.invitationId,
    ]);
    const email = newEmail();
    const replaced = await sent(email);
    await sent(email);
    for (const { token } of [cancelled, expired, replaced]) {
      for (const outcome of await Promise.all([check(token), finish(token)].map(outcomeOf))) {
        expect(outcome).toBe('INVALID_ARGUMENT VERIFY_USER_BAD_TOKEN');
      }
    }
    const registration = await beginRegistration(service, database);
    const person = await roleHolder(service, database);
    expect(await outcomeOf(service.organisations.acceptInvitation({ token: registration }, person.as))).toBe(
      'INVALID_ARGUMENT LINK_INVALID',
    );
    expect(await check(registration)).toMatchObject({
      isInvitation: false,
      phone: '',
      organisationName: '',
      roles: [],
    });
  });

  it('leaves nothing behind, and the link usable, where something else is wrong', async () => {
    const { token } = await sent(newEmail());
    const taken = await registerConfirmed(service, database);
    const before = await traces();
    for (const [form, expected] of [
      [{ password: 'password1' }, 'INVALID_ARGUMENT REGISTER_INVALID_PASSWORD'],
      [{ secondLogin: taken.secondLogin }, 'ALREADY_EXISTS REGISTER_USER_ALREADY_EXISTS'],
      [{ interface: 'staff' }, 'PERMISSION_DENIED INTERFACE_NOT_ALLOWED'],
      [{ displayName: '' }, 'INVALID_ARGUMENT INVALID_REQUEST'],
      [{ guestAccessToken: 'no token' }, 'UNAUTHENTICATED TOKEN_MALFORMED'],
    ] as const) {
      expect(await outcomeOf(finish(token, form))).toBe(expected);
    }
    const { userId } = organisation.head;
    await database.query('update accounts.organisation_members set is_head = false where user_id = $1', [userId]);
    expect(await refusalOf(finish(token))).toMatchObject({ status: 'PERMISSION_DENIED', reason: 'ROLE_NOT_GRANTABLE' });
    expect(
      await database.query(
        `select data ->> 'reason' as reason from auth.outbox_events where type = 'registration.refused' order by id desc limit 1`,
      ),
    ).toEqual([{ reason: 'ROLE_NOT_GRANTABLE' }]);
    await database.query('update accounts.organisation_members set is_head = true where user_id = $1', [userId]);
    expect(await traces()).toEqual(before);
    await finish(token);
  });

  it('makes a member of a guest, who keeps his user id; his tokens end', async () => {
    const guest = await service.auth.startGuestSession({ interface: 'customer' });
    const guestAccessToken = tokensOf(guest).accessToken;
    const { token } = await sent(newEmail());
    const { userId, roles, tokens } = await finish(token, { guestAccessToken });
    expect(roles).toEqual(['driver']);
    const { result } = await service.auth.validateToken({ accessToken: tokens?.accessToken ?? '' });
    expect(result).toMatchObject({ value: { userId, roles: ['driver'] } });
    expect(await problemOf(service, guestAccessToken)).toBe('TOKEN_REVOKED');
    expect(await database.query('select is_guest from accounts.users where id = $1', [userId])).toEqual([
      { is_guest: false },
    ]);
    expect(guest.userId).toBe(userId);
  });
});
