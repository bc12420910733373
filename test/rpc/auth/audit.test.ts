import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuditEvent } from '../../../src/gen/auth/v1/audit_service.ts';
import { accountHolder } from '../../support/account-holders.ts';
import { enqueueNotices } from '../../support/messages.ts';
import { PASSWORD, bearer, register } from '../../support/people.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { signInAs } from '../../support/staff.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';

let database: TestDatabase;
let service: TestService;
let manager: Awaited<ReturnType<typeof signInAs>>;
let support: Awaited<ReturnType<typeof signInAs>>;

beforeAll(async () => {
  database = await createTestDatabase();
  service = await startService({ DATABASE_URL: database.serviceUrl });
  manager = await signInAs(service, database, 'manager');
  support = await signInAs(service, database, 'support');
});
afterAll(async () => {
  await service?.stop();
  await database?.drop();
});

type Request = Parameters<TestService['audit']['listAuditEvents']>[0];
const as = (person: { tokens: { accessToken: string } }) => bearer(person.tokens.accessToken);
const list = (request: Request = {}) => service.audit.listAuditEvents(request, as(manager));
const actions = (events: readonly AuditEvent[]) => events.map(({ action }) => action);

/** Entries written as the functions do it. */
async function write(
  count: number,
  entry: { action?: string; actorId?: string; userId?: string } = {},
): Promise<string[]> {
  const { action = 'test.done', actorId = randomUUID(), userId = randomUUID() } = entry;
  for (let n = 0; n < count; n += 1) {
    await database.query(`select auth.append_audit_event($1, $2, $3, null, null, '{}')`, [action, actorId, userId]);
  }
  const rows = await database.query<{ id: string }>(
    'select id from auth.audit_events where action = $1 and actor_id = $2 and user_id = $3 order by id desc',
    [action, actorId, userId],
  );
  return rows.map(({ id }) => id);
}

describe('What a person does to his account is in the audit', () => {
  it('contacts and passwords, and nothing of what they are', async () => {
    const person = await accountHolder(service, database);
    const options = as(person);
    const { contact } = await service.accounts.addContact({ type: 'email', value: 'hidden@example.com' }, options);
    await service.accounts.deactivateContact({ contactId: contact?.contactId ?? '' }, options);
    const newPassword = 'another horse battery staple';
    await service.passwords.changePassword({ currentPassword: PASSWORD, newPassword }, options);

    const { events } = await list({ actorId: person.userId });
    expect(actions(events)).toEqual(['password.changed', 'contact.deactivated', 'contact.added']);
    const [changed, , added] = events;
    expect(changed).toEqual({
      eventId: expect.any(String),
      occurTime: expect.any(Date),
      action: 'password.changed',
      actorId: person.userId,
      userId: person.userId,
      organisationId: '',
      sessionId: person.tokens.sessionId,
      data: {},
    });
    expect(added).toMatchObject({ sessionId: '', data: { contact_id: contact?.contactId, type: 'email' } });
    const told = JSON.stringify(events);
    for (const secret of ['hidden@example.com', PASSWORD, newPassword, '$2b$']) expect(told).not.toContain(secret);
  });

  it('but not that he logs in, refreshes, logs out, or edits his profile', async () => {
    const person = await accountHolder(service, database);
    await service.accounts.updateProfile(
      { profile: { displayName: 'Somebody' }, updateMask: ['display_name'] },
      as(person),
    );
    const { tokens } = await service.auth.login({ login: person.secondLogin, password: PASSWORD });
    await service.auth.refresh({ refreshToken: tokens?.refreshToken ?? '' });
    await service.auth.logout({}, as(person));
    expect((await list({ actorId: person.userId })).events).toEqual([]);
  });
});

describe('What staff do to somebody is in the audit', () => {
  it('that a token was explained, and whose', async () => {
    const person = await register(service);
    await service.tokensAdmin.explainToken({ accessToken: person.tokens.accessToken }, as(support));
    expect((await list({ userId: person.userId })).events).toMatchObject([
      {
        action: 'token.explained',
        actorId: support.userId,
        sessionId: person.tokens.sessionId,
        data: { actor: support.userId, token_id: expect.any(String) },
      },
    ]);
  });

  it('that a message was sent again', async () => {
    const [messageId = ''] = await enqueueNotices(database, ['somebody@example.com'], { channel: 'pigeon' });
    await database.query(`update auth.messages set state = 'dead' where id = $1`, [messageId]);
    await service.messagesAdmin.resendMessage({ messageId }, as(support));
    const { events } = await list({ actorId: support.userId, action: 'message.resent' });
    expect(events).toMatchObject([{ data: { message_id: messageId, actor: support.userId } }]);
  });

  it('but not that the audit was looked at', async () => {
    const before = await list({ pageSize: 1 });
    await list();
    await list({ userId: manager.userId });
    expect(await list({ pageSize: 1 })).toEqual(before);
  });
});

describe('ListAuditEvents', () => {
  it('goes through 130 in pages, the latest first, each once, while more come in', async () => {
    const [actorId, userId] = [randomUUID(), randomUUID()];
    const ids = await write(130, { actorId, userId });
    const seen: string[] = [];
    const sizes: number[] = [];
    let pageToken = '';
    do {
      const page = await list({ actorId, pageSize: 40, pageToken });
      seen.push(...page.events.map(({ eventId }) => eventId));
      sizes.push(page.events.length);
      pageToken = page.nextPageToken;
      await write(3, { actorId, userId });
    } while (pageToken !== '');
    expect(seen).toEqual(ids);
    expect(sizes).toEqual([40, 40, 40, 10]);
    expect((await list({ actorId })).events).toHaveLength(50);
    expect((await list({ actorId: actorId.toUpperCase(), pageSize: 100 })).events).toHaveLength(100);
  });

  it('has no next page where the last one is full', async () => {
    const actorId = randomUUID();
    await write(2, { actorId });
    expect((await list({ actorId, pageSize: 2 })).nextPageToken).toBe('');
  });

  it('narrows by everything at once', async () => {
    const [actorId, userId] = [randomUUID(), randomUUID()];
    const [wanted = ''] = await write(1, { actorId, userId });
    await Promise.all([
      write(1, { actorId }),
      write(1, { userId }),
      write(1, { actorId, userId, action: 'test.other' }),
    ]);
    const time = (await list({ actorId, userId, action: 'test.done' })).events[0]?.occurTime ?? new Date(0);
    const [startTime, endTime] = [time, new Date(time.getTime() + 1)];
    const { events } = await list({ actorId, userId, action: 'test.done', startTime, endTime });
    expect(events.map(({ eventId }) => eventId)).toEqual([wanted]);
    expect((await list({ actorId, userId, action: 'test.done', endTime: startTime })).events).toEqual([]);
    expect((await list({ actorId, userId, organisationId: randomUUID() })).events).toEqual([]);
  });

  it.each([
    [{ actorId: 'x' }, ['actor_id']],
    [{ userId: '6c0d8f3e-2f0e-4a37-9a0b-0d5a3c7f1a1' }, ['user_id']],
    [{ organisationId: "'; drop table auth.audit_events; --" }, ['organisation_id']],
    [{ action: 'granted' }, ['action']],
    [{ action: 'role.granted\u0000' }, ['action']],
    [{ action: 'role.granted ' }, ['action']],
    [{ action: `role.${'a'.repeat(200)}` }, ['action']],
    [{ startTime: new Date('1969-12-31') }, ['start_time']],
    [{ endTime: new Date('+010001-01-01') }, ['end_time']],
    [{ startTime: new Date('2026-01-02'), endTime: new Date('2026-01-02') }, ['end_time']],
    [{ startTime: new Date('2026-01-02'), endTime: new Date('2026-01-01') }, ['end_time']],
    [{ pageSize: -1 }, ['page_size']],
    [{ pageSize: 101 }, ['page_size']],
    [{ pageToken: 'A'.repeat(43) }, ['page_token']],
    [{ actorId: '-', userId: '-', pageSize: 1000, pageToken: '-' }, ['actor_id', 'page_size', 'page_token', 'user_id']],
  ])('refuses %j', async (request, fields) => {
    expect(await refusalOf(list(request))).toMatchObject({
      status: 'INVALID_ARGUMENT',
      reason: 'INVALID_REQUEST',
      fields,
    });
  });

  it('refuses the page token of another filter, and of another list', async () => {
    const actorId = randomUUID();
    await write(3, { actorId });
    const { nextPageToken: pageToken } = await list({ actorId, pageSize: 1 });
    expect((await list({ actorId, pageSize: 1, pageToken })).events).toHaveLength(1);
    await enqueueNotices(database, ['one@example.com', 'two@example.com'], { channel: 'pigeon' });
    await database.query("update auth.messages set state = 'dead'");
    const ofMessages = await service.messagesAdmin.listMessages({ pageSize: 1 }, as(support));
    expect(ofMessages.nextPageToken).not.toBe('');
    for (const request of [
      { pageToken },
      { pageToken, userId: actorId },
      { pageToken, actorId, action: 'test.done' },
      { pageToken, actorId, startTime: new Date(0) },
      { actorId, pageToken: ofMessages.nextPageToken },
    ]) {
      expect(await refusalOf(list(request))).toMatchObject({ reason: 'INVALID_REQUEST', fields: ['page_token'] });
    }
  });

  it('is for those whose roles permit it', async () => {
    const refusal = await refusalOf(service.audit.listAuditEvents({}, as(support)));
    expect(refusal).toMatchObject({
      status: 'PERMISSION_DENIED',
      reason: 'PERMISSION_REQUIRED',
      metadata: { permission: 'auth.audit.read' },
    });
    expect((await service.audit.listAuditEvents({ pageSize: 1 }, as(manager))).events).toHaveLength(1);
  });
});

describe('A refused call of administration', () => {
  const refusalsOf = async (actorId: string) => (await list({ actorId, action: 'permission.refused' })).events;
  const explain = (options: ReturnType<typeof bearer>) =>
    refusalOf(service.tokensAdmin.explainToken({ accessToken: 'x' }, options));

  it('is in the audit: who, which method, and what he lacks', async () => {
    const person = await register(service);
    expect((await explain(as(person))).reason).toBe('PERMISSION_REQUIRED');
    expect(await refusalsOf(person.userId)).toMatchObject([
      {
        userId: '',
        sessionId: '',
        data: { permission: 'auth.tokens.explain', method: 'auth.v1.TokensAdminService/ExplainToken' },
      },
    ]);
    const [published] = await database.query(
      `select actor_id, user_id, data from auth.outbox_events where type = 'permission.refused' and actor_id = $1`,
      [person.userId],
    );
    expect(published).toEqual({
      actor_id: person.userId,
      user_id: null,
      data: { permission: 'auth.tokens.explain', method: 'auth.v1.TokensAdminService/ExplainToken' },
    });
  });

  it('is one entry a permission and minute, of 100 at once', async () => {
    const [person, other] = [await register(service), await register(service)];
    const all = await Promise.all(Array.from({ length: 100 }, () => explain(as(person))));
    expect(new Set(all.map(({ reason }) => reason))).toEqual(new Set(['PERMISSION_REQUIRED']));
    await refusalOf(service.messagesAdmin.listMessages({}, as(person)));
    await explain(as(other));
    const permissions = (await refusalsOf(person.userId)).map(({ data }) => data?.['permission'] as string);
    expect(permissions).toEqual(['auth.messages.read', 'auth.tokens.explain']);
    expect(await refusalsOf(other.userId)).toHaveLength(1);

    const past = `update auth.audit_events set id = uuidv7(interval '-61 seconds') where actor_id = $1`;
    await database.query(past, [other.userId]);
    await explain(as(other));
    expect(await refusalsOf(other.userId)).toHaveLength(2);
  });

  it('is none without a token, or with a dead one', async () => {
    const count = async () =>
      (await database.query<{ n: number }>('select count(*)::int as n from auth.audit_events'))[0]?.n;
    const person = await register(service);
    await service.auth.logout({}, as(person));
    const before = await count();
    expect((await explain(bearer('x'))).reason).toBe('TOKEN_MALFORMED');
    expect((await explain(as(person))).reason).toBe('TOKEN_REVOKED');
    const nobody = service.audit.listAuditEvents({});
    expect((await refusalOf(nobody)).reason).toBe('TOKEN_MISSING');
    expect(await count()).toBe(before);
  });
});
