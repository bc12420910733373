import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { MessageState } from '../../../src/gen/auth/v1/messages_admin_service.ts';
import { startMailServer } from '../../support/mail-server.ts';
import type { MailServer } from '../../support/mail-server.ts';
import { enqueueChallenge, enqueueNotices, messageRow } from '../../support/messages.ts';
import { bearer } from '../../support/people.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { signInAs } from '../../support/staff.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';

const PATIENCE = { timeout: 15_000, interval: 20 };
const REFUSED = 'refused@example.com';

let database: TestDatabase;
let mails: MailServer;
let service: TestService;
let support: Awaited<ReturnType<typeof signInAs>>;
const server = { refuses: true };

beforeAll(async () => {
  database = await createTestDatabase();
  mails = await startMailServer({
    onRecipient: (address) => (server.refuses && address === REFUSED ? { code: 550, text: 'No such person' } : null),
  });
  service = await startService({ DATABASE_URL: database.serviceUrl, ...mails.settings });
  support = await signInAs(service, database, 'support');
});
afterAll(async () => {
  await service?.stop();
  await mails?.stop();
  await database?.drop();
});
beforeEach(async () => {
  server.refuses = true;
  await database.query('delete from auth.messages');
  await database.query('delete from auth.challenges');
});

const signedIn = () => bearer(support.tokens.accessToken);
const list = (request: Parameters<TestService['messagesAdmin']['listMessages']>[0] = {}) =>
  service.messagesAdmin.listMessages(request, signedIn());
const resend = (messageId: string) => service.messagesAdmin.resendMessage({ messageId }, signedIn());
const reaches = (id: string, state: string) =>
  vi.waitUntil(async () => (await messageRow(database, id)).state === state, PATIENCE);
/** Dead ones, without waiting for a server to refuse them. */
async function bury(count: number): Promise<string[]> {
  const ids = await enqueueNotices(
    database,
    Array.from({ length: count }, (_, index) => `person-${index}@example.com`),
    { channel: 'pigeon' },
  );
  await database.query("update auth.messages set state = 'dead' where channel = 'pigeon'");
  return ids;
}

describe('ListMessages', () => {
  it('shows the dead ones with what was wrong, and nothing of what they say', async () => {
    const { id, secret } = await enqueueChallenge(database, { recipient: REFUSED, language: 'ru' });
    await reaches(id, 'dead');
    const answer = await list();
    expect(answer).toEqual({
      nextPageToken: '',
      messages: [
        {
          messageId: id,
          channel: 'email',
          recipient: REFUSED,
          template: 'registration',
          language: 'ru',
          state: MessageState.DEAD,
          attempts: 1,
          lastError: expect.stringContaining('550 No such person'),
          createTime: expect.any(Date),
          expireTime: expect.any(Date),
          sendTime: undefined,
        },
      ],
    });
    expect(JSON.stringify(answer)).not.toContain(secret);
  });

  it('shows those in another state, and when they were sent', async () => {
    const [id = ''] = await enqueueNotices(database, ['ada@example.com']);
    await reaches(id, 'sent');
    const { messages } = await list({ state: MessageState.SENT });
    expect(messages).toMatchObject([{ messageId: id, state: MessageState.SENT, attempts: 1, lastError: '' }]);
    expect(messages[0]?.sendTime?.getTime()).toBeLessThanOrEqual(Date.now());
    expect((await list()).messages).toEqual([]);
  });

  it('never shows a suppressed one', async () => {
    await bury(1);
    await database.query("update auth.messages set state = 'suppressed'");
    for (const state of [0, 1, 2, 3, 4]) expect((await list({ state: state as MessageState })).messages).toEqual([]);
  });

  it('goes through 130 in pages, the newest first, each once, while more come in', async () => {
    const ids = await bury(130);
    const seen: string[] = [];
    const sizes: number[] = [];
    let pageToken = '';
    do {
      const page = await list({ pageSize: 40, pageToken });
      seen.push(...page.messages.map(({ messageId }) => messageId));
      sizes.push(page.messages.length);
      pageToken = page.nextPageToken;
      await bury(3);
    } while (pageToken !== '');
    expect(seen).toEqual(ids.toReversed());
    expect(sizes).toEqual([40, 40, 40, 10]);
    expect((await list()).messages).toHaveLength(50);
  });

  it('has no next page where the last one is full', async () => {
    await bury(2);
    expect((await list({ pageSize: 2 })).nextPageToken).toBe('');
  });

  it.each([
    [{ pageSize: -1 }, ['page_size']],
    [{ pageSize: 101 }, ['page_size']],
    [{ state: 9 as MessageState }, ['state']],
    [{ pageToken: 'x' }, ['page_token']],
    [{ pageToken: 'A'.repeat(43) }, ['page_token']],
    [{ pageSize: 1000, pageToken: randomUUID(), state: -1 as MessageState }, ['page_size', 'page_token', 'state']],
  ])('refuses %j', async (request, fields) => {
    expect(await refusalOf(list(request))).toMatchObject({
      status: 'INVALID_ARGUMENT',
      reason: 'INVALID_REQUEST',
      fields,
    });
  });

  it('refuses a page token with any bit turned, in another spelling, or of another list', async () => {
    await bury(3);
    const { nextPageToken: token } = await list({ pageSize: 1 });
    expect((await list({ pageSize: 1, pageToken: token })).messages).toHaveLength(1);
    const bytes = Buffer.from(token, 'base64url');
    const turned = Array.from({ length: bytes.length * 8 }, (_, bit) => {
      const other = Buffer.from(bytes);
      other.writeUInt8(other.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      return other.toString('base64url');
    });
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const respelt = token.slice(0, -1) + (alphabet[alphabet.indexOf(token.at(-1) ?? '') + 1] ?? 'A');
    const hostile = [...turned, `${token}=`, respelt, token.slice(1)].map((pageToken) => ({ pageToken }));
    for (const request of [...hostile, { pageToken: token, state: MessageState.SENT }]) {
      expect(await refusalOf(list(request))).toMatchObject({ reason: 'INVALID_REQUEST', fields: ['page_token'] });
    }
  });

  it('and ResendMessage are for staff only', async () => {
    const { tokens } = await signInAs(service, database);
    const options = bearer(tokens.accessToken);
    for (const call of [
      () => service.messagesAdmin.listMessages({}, options),
      () => service.messagesAdmin.resendMessage({ messageId: randomUUID() }, options),
    ]) {
      expect(await refusalOf(call())).toMatchObject({ status: 'PERMISSION_DENIED', reason: 'PERMISSION_REQUIRED' });
    }
  });
});

describe('ResendMessage', () => {
  it('sends a dead message, with the same message id and link, and notes who wanted it', async () => {
    const { id, secret } = await enqueueChallenge(database, { recipient: REFUSED, purpose: 'password_reset' });
    await reaches(id, 'dead');
    server.refuses = false;
    expect(await resend(id)).toEqual({});
    const mail = await mails.waitForMail(REFUSED);
    expect(mail.messageId).toBe(`<${id}@service.example>`);
    expect(mail.text).toContain(secret);
    await reaches(id, 'sent');
    expect(
      await database.query(
        "select data from auth.outbox_events where type = 'message.resent' order by id desc limit 1",
      ),
    ).toEqual([{ data: { message_id: id, actor: support.userId } }]);
  });

  it('of what was sent, or is not there, is refused', async () => {
    const [id = ''] = await enqueueNotices(database, ['ada@example.com']);
    await reaches(id, 'sent');
    expect(await refusalOf(resend(id))).toMatchObject({ status: 'FAILED_PRECONDITION', reason: 'MESSAGE_NOT_DEAD' });
    expect(await refusalOf(resend(randomUUID()))).toMatchObject({ status: 'NOT_FOUND', reason: 'MESSAGE_NOT_FOUND' });
  });

  it('of what carries something that has ended is refused', async () => {
    const expired = await enqueueChallenge(database, { recipient: 'expired@example.com' });
    await reaches(expired.id, 'sent');
    const used = await enqueueChallenge(database, { recipient: 'used@example.com' });
    await reaches(used.id, 'sent');
    await database.query("update auth.messages set state = 'dead', sent_at = null");
    await database.query('update auth.messages set expires_at = now() where id = $1', [expired.id]);
    await database.query("update auth.challenges set ended_at = now(), end_cause = 'used' where id = $1", [
      used.challengeId,
    ]);
    for (const { id } of [expired, used]) {
      expect(await refusalOf(resend(id))).toMatchObject({ status: 'FAILED_PRECONDITION', reason: 'MESSAGE_EXPIRED' });
    }
  });

  it.each(['', 'x', '6c0d8f3e-2f0e-4a37-9a0b-0d5a3c7f1a1', "'; drop table auth.messages; --"])(
    'refuses the id %j',
    async (messageId) => {
      expect(await refusalOf(resend(messageId))).toMatchObject({ reason: 'INVALID_REQUEST', fields: ['message_id'] });
    },
  );
});
