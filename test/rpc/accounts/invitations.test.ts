import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Metadata } from 'nice-grpc';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { InviteMemberResponse } from '../../../src/gen/accounts/v1/organisations_service.ts';
import { roleHolder } from '../../support/delegation.ts';
import { startMailServer } from '../../support/mail-server.ts';
import type { MailServer } from '../../support/mail-server.ts';
import {
  addressHolder,
  auditOf,
  foundOrganisation,
  invitationToken,
  invite,
  joinedMember,
  newEmail,
} from '../../support/organisations.ts';
import type { RoleHolder } from '../../support/organisations.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';

const DAY = 24 * 60 * 60;

let database: TestDatabase;
let mails: MailServer;
let service: TestService;
let organisation: Awaited<ReturnType<typeof foundOrganisation>>;
beforeAll(async () => {
  database = await createTestDatabase();
  mails = await startMailServer();
  service = await startService({
    DATABASE_URL: database.serviceUrl,
    REDIS_URL: inject('redisUrl'),
    MESSAGES_PER_CONTACT: '4',
    ...mails.settings,
  });
});
afterAll(async () => {
  await service?.stop();
  await mails?.stop();
  await database?.drop();
});
beforeEach(async () => {
  await database.query('delete from auth.message_quotas');
  organisation = await foundOrganisation(service, database);
});

const ask = (contact: string, { by = organisation, roles = ['driver'], contactType = 'email' } = {}) =>
  service.organisations.inviteMember({ organisationId: by.organisationId, contactType, contact, roles }, by.head.as);
const list = (by = organisation, more: object = {}) =>
  service.organisations.listInvitations({ organisationId: by.organisationId, ...more }, by.head.as);
const cancel = (invitationId: string, by: RoleHolder = organisation.head) =>
  service.organisations.cancelInvitation({ invitationId }, by.as);
const endPauses = () => database.query('update auth.message_quotas set next_at = now()');
const messagesTo = (recipient: string) =>
  database.query('select channel, template, language, user_id from auth.messages where recipient = $1', [recipient]);

describe('InviteMember', () => {
  it('mails a link that says nothing of the organisation, and lasts for 7 days', async () => {
    const named = await foundOrganisation(service, database, 'Click https://evil.example now');
    const email = newEmail();
    const answer = await ask(` ${email.toUpperCase()} `, { by: named, roles: ['driver', 'courier', 'driver'] });
    expect(answer).toMatchObject({ lifetime: { seconds: 7 * DAY }, resendDelay: { seconds: 60 } });

    const mail = await mails.waitForMail(email);
    const token = invitationToken(answer.invitationId);
    expect(mail.text).toContain(`https://front.example/invitation#token=${token}`);
    expect(mail.text).toContain('7 days');
    expect(JSON.stringify(mail)).not.toContain('evil');
    expect((await list(named)).invitations).toEqual([
      {
        invitationId: answer.invitationId,
        contactType: 'email',
        contact: email,
        roles: ['courier', 'driver'],
        invitedBy: named.head.userId,
        createTime: expect.any(Date),
        expireTime: expect.any(Date),
      },
    ]);
    const audit = await auditOf(database, named.organisationId);
    expect(audit.at(-1)).toEqual({
      action: 'organisation.invited',
      actor_id: named.head.userId,
      user_id: null,
      data: { invitation_id: answer.invitationId, contact_type: 'email', roles: ['courier', 'driver'] },
    });
    for (const place of [service.logLines, audit, await database.query('select data from auth.outbox_events')]) {
      expect(JSON.stringify(place)).not.toContain(token);
      expect(JSON.stringify(place)).not.toContain(email);
    }
    expect(JSON.stringify(await database.query('select * from auth.challenges'))).not.toContain(token);
  });

  it('lasts as long as INVITATION_LIFETIME says, which is 1 hour to 30 days', async () => {
    const settings = { DATABASE_URL: database.serviceUrl };
    for (const wrong of ['59m', '31d', '0s', 'week', '-1d']) {
      await expect(startService({ ...settings, INVITATION_LIFETIME: wrong })).rejects.toThrow('INVITATION_LIFETIME');
    }
    const short = await startService({ ...settings, INVITATION_LIFETIME: '36h' });
    try {
      const { head, organisationId } = organisation;
      const request = { organisationId, contactType: 'email', contact: newEmail(), roles: ['driver'] };
      const { lifetime } = await short.organisations.inviteMember(request, head.as);
      expect(lifetime?.seconds).toBe(36 * 3600);
      const [{ createTime, expireTime } = {}] = (await list()).invitations;
      expect((expireTime?.getTime() ?? 0) - (createTime?.getTime() ?? 0)).toBe(36 * 3_600_000);
    } finally {
      await short.stop();
    }
  });

  it('answers and sends the same to somebody with an account as to somebody without', async () => {
    const holder = await addressHolder(service, database);
    await database.query("update accounts.users set language = 'ru' where id = $1", [holder.userId]);
    const free = newEmail();
    const bytes: string[] = [];
    for (const email of [holder.email, free]) {
      const answer = await ask(email);
      bytes.push(Buffer.from(InviteMemberResponse.encode({ ...answer, invitationId: '' }).finish()).toString('hex'));
      expect(await messagesTo(email)).toEqual([
        { channel: 'email', template: 'invitation', language: 'en', user_id: null },
      ]);
    }
    expect(bytes[0]).toBe(bytes[1]);
    const [his, hers] = [await mails.waitForMail(holder.email), await mails.waitForMail(free)];
    expect(his.subject).toBe(hers.subject);
  });

  it('writes in the language of the request', async () => {
    const email = newEmail();
    const { head, organisationId } = organisation;
    const metadata = Metadata(head.as.metadata).set('accept-language', 'ru');
    await service.organisations.inviteMember(
      { organisationId, contactType: 'email', contact: email, roles: ['driver'] },
      { metadata },
    );
    expect((await mails.waitForMail(email)).subject).toBe('Вас приглашают в организацию');
  });

  it('sends a text message to a phone, where text messages are sent to', async () => {
    const { invitationId } = await ask('8 999 111-22-33', { contactType: 'phone' });
    expect((await list()).invitations).toMatchObject([{ invitationId, contactType: 'phone', contact: '+79991112233' }]);
    expect(await messagesTo('+79991112233')).toMatchObject([{ channel: 'sms', template: 'invitation' }]);
    expect(await refusalOf(ask('+442079460000', { contactType: 'phone' }))).toMatchObject({
      status: 'INVALID_ARGUMENT',
      reason: 'PHONE_COUNTRY_NOT_ALLOWED',
    });
  });

  it.each([
    [['superadmin']],
    [['executor_head']],
    [['order_desk']],
    [['no_such_role']],
    [['driver', 'manager', 'customer']],
  ])('refuses the roles %j, sends nothing, counts nothing, and leaves one event', async (roles) => {
    const email = newEmail();
    const refused = roles.at(-1) ?? '';
    expect(await refusalOf(ask(email, { roles }))).toMatchObject({
      status: 'PERMISSION_DENIED',
      reason: 'ROLE_NOT_GRANTABLE',
      fields: [`roles[${roles.length - 1}]`],
    });
    expect(await messagesTo(email)).toEqual([]);
    expect(await database.query("select from auth.message_quotas where subject not like 'channel:%'")).toEqual([]);
    const { head, organisationId } = organisation;
    // A name that no role has is not written.
    const data = refused === 'no_such_role' ? {} : { role: refused };
    expect((await auditOf(database, organisationId)).slice(1)).toEqual([
      { action: 'role.grant_refused', actor_id: head.userId, user_id: null, data },
    ]);
  });

  it('refuses a head who has no role to give others, and one who has lost it a moment ago', async () => {
    const { organisationId, head } = organisation;
    const second = await joinedMember(service, database, organisation);
    await service.organisations.updateMember({ organisationId, userId: second.userId, isHead: true }, head.as);
    expect(await outcomeOf(ask(newEmail(), { by: { head: second as typeof head, organisationId } }))).toBe(
      'PERMISSION_DENIED ROLE_NOT_GRANTABLE',
    );
    await database.query(
      'update accounts.user_group_memberships set is_active = false, deleted_at = now() where user_id = $1',
      [head.userId],
    );
    expect(await outcomeOf(ask(newEmail()))).toBe('PERMISSION_DENIED ROLE_NOT_GRANTABLE');
  });

  it('to one contact again: after 60 s, then 2, 5 and 10 minutes; of 8 at once one is sent', async () => {
    const email = newEmail();
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => outcomeOf(ask(email))));
    expect(outcomes.toSorted()).toEqual([
      'OK',
      ...Array.from({ length: 7 }, () => 'RESOURCE_EXHAUSTED MESSAGES_THROTTLED'),
    ]);
    expect(await messagesTo(email)).toHaveLength(1);
    for (const seconds of [120, 300, 600]) {
      await endPauses();
      const { resendDelay } = await ask(email);
      expect(resendDelay?.seconds).toBe(seconds);
      expect((await refusalOf(ask(email))).retryAfterSeconds).toBeGreaterThan(seconds - 30);
    }
    await endPauses();
    // MESSAGES_PER_CONTACT, which is 4 here.
    expect((await refusalOf(ask(email))).retryAfterSeconds).toBeGreaterThan(DAY - 600);
    expect(await messagesTo(email)).toHaveLength(4);
  });

  it('counts by contact what all organisations send, and leaves the codes and links of a day alone', async () => {
    const email = newEmail();
    for (let n = 0; n < 4; n += 1) await ask(email, { by: await foundOrganisation(service, database) });
    const fifth = ask(email, { by: await foundOrganisation(service, database) });
    expect(await outcomeOf(fifth)).toBe('RESOURCE_EXHAUSTED MESSAGES_THROTTLED');
    // Heads cannot keep somebody from logging in by a code.
    expect(await outcomeOf(service.auth.startCodeLogin({ contact: email }))).toBe('OK');
  });

  it('sends 100 a day of one inviter, in however many organisations', async () => {
    const { organisation: second } = await service.organisations.createOrganisation(
      { name: 'Second' },
      organisation.head.as,
    );
    const places = [organisation, { ...organisation, organisationId: second?.organisationId ?? '' }];
    const outcomes = await Promise.all(
      Array.from({ length: 110 }, (_, n) => outcomeOf(ask(newEmail(), { by: places[n % 2] ?? organisation }))),
    );
    expect(outcomes.filter((outcome) => outcome === 'OK')).toHaveLength(100);
    expect(new Set(outcomes)).toEqual(new Set(['OK', 'RESOURCE_EXHAUSTED MESSAGES_THROTTLED']));
    const [sent] = await database.query<{ count: number }>(
      'select count(*)::int from accounts.organisation_invitations where invited_by = $1',
      [organisation.head.userId],
    );
    expect(sent?.count).toBe(100);
    await ask(newEmail(), { by: await foundOrganisation(service, database) });
  });

  it('replaces the earlier link of the organisation, and no link of another or for another purpose', async () => {
    const holder = await addressHolder(service, database);
    const stranger = await foundOrganisation(service, database);
    const first = await invite(service, database, organisation, holder.email);
    await service.passwords.startPasswordReset({ contact: holder.email });
    const foreign = await invite(service, database, stranger, holder.email);
    const second = await invite(service, database, organisation, holder.email, ['courier']);

    const accept = (token: string) => outcomeOf(service.organisations.acceptInvitation({ token }, holder.as));
    expect(await accept(first.token)).toBe('INVALID_ARGUMENT LINK_INVALID');
    const open = (await list()).invitations.map(({ invitationId }) => invitationId);
    expect(open).toEqual([second.invitationId]);
    expect(await accept(foreign.token)).toBe('OK');
    expect(await accept(second.token)).toBe('OK');
    expect(
      await database.query(
        "select from auth.challenges where contact = $1 and purpose = 'password_reset' and ended_at is null",
        [holder.email],
      ),
    ).toHaveLength(1);
  });

  it.each<[object, string[]]>([
    [{ organisationId: 'x' }, ['organisation_id']],
    [{ contactType: '' }, ['contact_type']],
    [{ contactType: 'second_login' }, ['contact_type']],
    [{ contactType: 'EMAIL' }, ['contact_type']],
    [{ contact: '' }, ['contact']],
    [{ contact: '+79991234567' }, ['contact']],
    [{ contact: 'a@example.com\r\nbcc: b@example.com' }, ['contact']],
    [{ contact: `${'x'.repeat(310)}@example.com` }, ['contact']],
    [{ contactType: 'phone', contact: 'a@example.com' }, ['contact']],
    [{ contactType: 'phone', contact: '12' }, ['contact']],
    [{ roles: [] }, ['roles']],
    [{ roles: Array.from({ length: 21 }, (_, n) => `role-${n}`) }, ['roles']],
    [{ roles: ['driver', '', 'x'.repeat(64), 'a\u0000'] }, ['roles[1]', 'roles[2]', 'roles[3]']],
    [{ organisationId: '', contactType: 'x', roles: [] }, ['contact_type', 'organisation_id', 'roles']],
  ])('refuses %j', async (change, fields) => {
    const { head, organisationId } = organisation;
    const request = { organisationId, contactType: 'email', contact: 'a@example.com', roles: ['driver'], ...change };
    expect(await refusalOf(service.organisations.inviteMember(request, head.as))).toMatchObject({
      status: 'INVALID_ARGUMENT',
      reason: 'INVALID_REQUEST',
      fields,
    });
  });
});

describe('ListInvitations', () => {
  it('goes through the open ones in pages, the latest first, each once', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 7; n += 1) ids.push((await ask(newEmail())).invitationId);
    const [expired = '', cancelled = '', ...open] = ids;
    await database.query('update auth.challenges set expires_at = now() where id = $1', [expired]);
    await cancel(cancelled);
    const seen: string[] = [];
    const sizes: number[] = [];
    let pageToken = '';
    do {
      const page = await list(organisation, { pageSize: 2, pageToken });
      seen.push(...page.invitations.map(({ invitationId }) => invitationId));
      sizes.push(page.invitations.length);
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(seen).toEqual(open.toReversed());
    expect(sizes).toEqual([2, 2, 1]);
    const foreign = await foundOrganisation(service, database);
    const { nextPageToken } = await list(organisation, { pageSize: 1 });
    expect((await refusalOf(list(foreign, { pageToken: nextPageToken }))).fields).toEqual(['page_token']);
  });

  it.each<[object, string[]]>([
    [{ organisationId: 'x' }, ['organisation_id']],
    [{ pageSize: -1 }, ['page_size']],
    [{ pageSize: 101 }, ['page_size']],
    [{ pageToken: 'x' }, ['page_token']],
  ])('refuses %j', async (change, fields) => {
    expect(await refusalOf(list(organisation, change))).toMatchObject({ reason: 'INVALID_REQUEST', fields });
  });
});

describe('CancelInvitation', () => {
  it('ends the link; a second call, and one for what was used or has expired, finds nothing', async () => {
    const holder = await addressHolder(service, database);
    const { invitationId, token } = await invite(service, database, organisation, holder.email);
    expect(await cancel(invitationId)).toEqual({});
    const accept = () => outcomeOf(service.organisations.acceptInvitation({ token }, holder.as));
    expect(await accept()).toBe('INVALID_ARGUMENT LINK_INVALID');
    expect((await auditOf(database, organisation.organisationId)).at(-1)).toEqual({
      action: 'organisation.invitation_cancelled',
      actor_id: organisation.head.userId,
      user_id: null,
      data: { invitation_id: invitationId },
    });
    const used = await invite(service, database, organisation, holder.email);
    await service.organisations.acceptInvitation({ token: used.token }, holder.as);
    const expired = await invite(service, database, organisation, newEmail());
    await database.query('update auth.challenges set expires_at = now() where id = $1', [expired.invitationId]);
    for (const id of [invitationId, used.invitationId, expired.invitationId, randomUUID()]) {
      expect(await refusalOf(cancel(id))).toMatchObject({ status: 'NOT_FOUND', reason: 'INVITATION_NOT_FOUND' });
    }
  });

  it('by another head of the organisation works, by one who was demoted it does not', async () => {
    const { organisationId, head } = organisation;
    const second = await joinedMember(service, database, organisation);
    await service.organisations.updateMember({ organisationId, userId: second.userId, isHead: true }, head.as);
    await cancel((await ask(newEmail())).invitationId, second);
    await service.organisations.updateMember({ organisationId, userId: second.userId, isHead: false }, head.as);
    expect(await outcomeOf(cancel((await ask(newEmail())).invitationId, second))).toBe(
      'NOT_FOUND INVITATION_NOT_FOUND',
    );
  });

  it('30 times against an acceptance at once: it is cancelled or accepted, never both', async () => {
    const counts = { cancelled: 0, accepted: 0 };
    for (let round = 0; round < 30; round += 1) {
      const holder = await addressHolder(service, database);
      const { invitationId, token } = await invite(service, database, organisation, holder.email);
      const [cancelled, accepted] = await Promise.all([
        // An acceptance has more to do before the two meet: in every other round it has a start.
        round % 2 === 0 ? outcomeOf(cancel(invitationId)) : delay(1).then(() => outcomeOf(cancel(invitationId))),
        outcomeOf(service.organisations.acceptInvitation({ token }, holder.as)),
      ]);
      expect([cancelled, accepted].filter((outcome) => outcome === 'OK')).toHaveLength(1);
      counts[cancelled === 'OK' ? 'cancelled' : 'accepted'] += 1;
    }
    console.log(`cancelled ${counts.cancelled}, accepted ${counts.accepted}`);
  });

  it.each(['', 'x', `${randomUUID()} `])('refuses the id %j', async (invitationId) => {
    const stranger = await roleHolder(service, database);
    expect(await refusalOf(cancel(invitationId, stranger))).toMatchObject({
      reason: 'INVALID_REQUEST',
      fields: ['invitation_id'],
    });
  });
});
