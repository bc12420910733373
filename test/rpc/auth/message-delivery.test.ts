import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAuthority } from '../../support/certificates.ts';
import { codeIn, linkTokenIn, startMailServer } from '../../support/mail-server.ts';
import type { SmtpRefusal } from '../../support/mail-server.ts';
import { enqueueChallenge, enqueueNotices, messageRow, messageStates } from '../../support/messages.ts';
import { startRedisServer } from '../../support/redis-server.ts';
import { startServiceProcess } from '../../support/service-process.ts';
import { startService } from '../../support/service.ts';
import { startHttpServer, startSmsServer } from '../../support/sms-server.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';

const PATIENCE = { timeout: 15_000, interval: 20 };

let database: TestDatabase;
const opened = { stack: new AsyncDisposableStack() };

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());
beforeEach(async () => {
  opened.stack = new AsyncDisposableStack();
  await database.query('delete from auth.messages');
  await database.query('delete from auth.challenges');
  await database.query('delete from auth.message_quotas');
});
afterEach(() => opened.stack.disposeAsync());

const toStop = <T extends { stop: () => Promise<void> }>(server: T): T => {
  opened.stack.defer(() => server.stop());
  return server;
};
const start = async (settings: Record<string, string> = {}) =>
  toStop(await startService({ DATABASE_URL: database.serviceUrl, ...settings }));
const stateOf = async (id: string) => (await messageRow(database, id)).state;
const reaches = (id: string, state: string) => vi.waitUntil(async () => (await stateOf(id)) === state, PATIENCE);

describe('A mail', () => {
  it('has the link of its challenge, in text and HTML, and the id of the message', async () => {
    const mails = toStop(await startMailServer());
    const service = await start(mails.settings);
    const { id, secret } = await enqueueChallenge(database, {
      recipient: 'ada@example.com',
      purpose: 'password_reset',
    });
    const mail = await mails.waitForMail('ada@example.com');
    expect(mail.messageId).toBe(`<${id}@service.example>`);
    expect(mail.envelope).toEqual({ from: 'no-reply@service.example', to: ['ada@example.com'] });
    expect(mail.subject).toBe('Set a new password');
    expect(linkTokenIn(mail)).toBe(secret);
    expect(mail.text).toContain(`https://front.example/password-reset#token=${secret}`);
    expect(mail.html).toContain(secret);
    expect(mail.headers.get('auto-submitted')).toBe('auto-generated');
    expect(mail.headers.get('from')).toBe('Accounts <no-reply@service.example>');
    await reaches(id, 'sent');
    // Neither the link nor to whom it went is in the log.
    await vi.waitUntil(() => service.logLines.some(({ msg }) => msg === 'message'), PATIENCE);
    expect(service.logLines.find(({ msg }) => msg === 'message')).toMatchObject({
      level: 30,
      messageId: id,
      channel: 'email',
      template: 'password_reset',
      attempt: 1,
      outcome: 'sent',
    });
    expect(JSON.stringify(service.logLines)).not.toMatch(new RegExp(`${secret}|ada@example`));
  });

  it('is in Russian for somebody who reads that, and has the code', async () => {
    const mails = toStop(await startMailServer());
    await start({ ...mails.settings, MAIL_FROM: 'Учётные записи <no-reply@service.example>', PRODUCT_NAME: 'Утки' });
    const { secret } = await enqueueChallenge(database, {
      recipient: 'ada@example.com',
      purpose: 'code_login',
      method: 'code',
      language: 'ru',
    });
    const mail = await mails.waitForMail('ada@example.com');
    expect(mail.subject).toBe('Код для входа');
    expect(mail.headers.get('from')).toContain('Учётные записи');
    expect(codeIn(mail)).toBe(secret);
    expect(mail.text).toContain('Утки');
  });

  it('is sent over STARTTLS and with a login to a server elsewhere, and not at all where there is no STARTTLS', async () => {
    const authority = createAuthority();
    opened.stack.defer(() => authority.remove());
    // No loopback address, and yet this machine.
    const elsewhere = (url: string) => url.replace('127.0.0.1', '0.0.0.0');
    const account = { user: 'mailer@service.example', password: 'p:a/s s' };
    const certificate = authority.issue('mail', 'IP:0.0.0.0');
    const encrypted = toStop(await startMailServer({ certificate, account }));
    const plain = toStop(await startMailServer({ account }));
    const run = async (mails: typeof plain) => {
      const service = await startServiceProcess({
        DATABASE_URL: database.serviceUrl,
        ...mails.settings,
        MAIL_URL: elsewhere(mails.url),
        NODE_EXTRA_CA_CERTS: authority.caFile,
      });
      opened.stack.defer(() => service.kill());
      return service;
    };

    const first = await run(encrypted);
    const [sent = ''] = await enqueueNotices(database, ['ada@example.com']);
    expect(await encrypted.waitForMail('ada@example.com')).toMatchObject({ isEncrypted: true, user: account.user });
    await reaches(sent, 'sent');
    await first.kill();

    await run(plain);
    const [refused = ''] = await enqueueNotices(database, ['bob@example.com']);
    await vi.waitUntil(async () => (await messageRow(database, refused)).last_error !== null, PATIENCE);
    expect((await messageRow(database, refused)).last_error).toMatch(/STARTTLS/i);
    expect(plain.mails).toEqual([]);
  });

  it('goes over TLS from the first byte with smtps', async () => {
    const authority = createAuthority();
    opened.stack.defer(() => authority.remove());
    const certificate = authority.issue('mail', 'IP:127.0.0.1');
    const mails = toStop(await startMailServer({ certificate, isSecure: true }));
    const service = await startServiceProcess({
      DATABASE_URL: database.serviceUrl,
      ...mails.settings,
      NODE_EXTRA_CA_CERTS: authority.caFile,
    });
    opened.stack.defer(() => service.kill());
    await enqueueNotices(database, ['ada@example.com']);
    expect(await mails.waitForMail('ada@example.com')).toMatchObject({ isEncrypted: true });
  });

  it.each(['recipient', 'mail'] as const)(
    'is sent again after a temporary refusal of the %s, with the same id',
    async (what) => {
      const answers: (SmtpRefusal | null)[] = [{ code: 451, text: 'Try again later' }, null];
      const ids: string[] = [];
      const next = () => answers.shift() ?? null;
      const mails = toStop(
        await startMailServer(
          what === 'recipient' ? { onRecipient: next } : { onMail: (mail) => (ids.push(mail.messageId), next()) },
        ),
      );
      await start(mails.settings);
      const [id = ''] = await enqueueNotices(database, ['ada@example.com']);
      await reaches(id, 'sent');
      expect(await messageRow(database, id)).toMatchObject({ attempts: 2, last_error: null });
      expect(mails.mails.map(({ messageId }) => messageId)).toEqual([`<${id}@service.example>`]);
      expect(new Set(ids)).toEqual(what === 'mail' ? new Set([`<${id}@service.example>`]) : new Set());
    },
  );

  it.each(['recipient', 'mail'] as const)(
    'is dead after a permanent refusal of the %s, and says why without the link',
    async (what) => {
      let token = '';
      const refusal = () => ({ code: 550, text: `No such person; see https://front.example/#token=${token}` });
      const mails = toStop(
        await startMailServer(what === 'recipient' ? { onRecipient: refusal } : { onMail: refusal }),
      );
      const service = await start(mails.settings);
      await service.stopServer();
      const { id, secret } = await enqueueChallenge(database, { recipient: 'ada@example.com' });
      token = secret;
      const again = await start(mails.settings);
      await reaches(id, 'dead');
      const { attempts, last_error: error } = await messageRow(database, id);
      expect(attempts).toBe(1);
      expect(error).toContain('No such person');
      expect(error).not.toContain(secret);
      expect(JSON.stringify(again.logLines)).not.toContain('No such person');
    },
  );

  it('waits while the login to the server is wrong: that is not about the mail', async () => {
    const mails = toStop(await startMailServer({ account: { user: 'u', password: 'right' } }));
    await start({ ...mails.settings, MAIL_URL: mails.url.replace('right', 'wrong') });
    const [id = ''] = await enqueueNotices(database, ['ada@example.com']);
    await vi.waitUntil(async () => (await messageRow(database, id)).attempts >= 2, PATIENCE);
    expect(['pending', 'sending']).toContain(await stateOf(id));
    expect((await messageRow(database, id)).last_error).toContain('535');
  });

  it.each([
    'a@example.com, b@example.com',
    '"a b"@example.com',
    'a(comment)@example.com',
    '<a@example.com>',
    'group: a@example.com;',
    'a@example.com b@example.com',
    'a@b@example.com',
    'nobody',
  ])('to %j goes to nobody', async (recipient) => {
    const mails = toStop(await startMailServer());
    await start(mails.settings);
    const [id = ''] = await enqueueNotices(database, [recipient]);
    await reaches(id, 'dead');
    expect(mails.mails).toEqual([]);
  });

  it('cannot be enqueued to an address with a line break', async () => {
    const hostile = 'a@example.com\r\nBcc: b@example.com';
    await expect(enqueueNotices(database, [hostile])).rejects.toThrow('messages_recipient_form');
  });
});

describe('Text messages', () => {
  it('go to the webhook where there is no Twilio, with the code', async () => {
    const sms = toStop(await startSmsServer());
    await start(sms.settings);
    const { id, secret } = await enqueueChallenge(database, {
      channel: 'sms',
      recipient: '+79991234567',
      purpose: 'code_login',
      method: 'code',
    });
    const received = await sms.waitForSms('+79991234567');
    expect(received).toMatchObject({ id, channel: 'sms', template: 'code_login' });
    expect(codeIn(received)).toBe(secret);
  });

  it('go to Twilio where both are there, and mails to the webhook', async () => {
    const sms = toStop(await startSmsServer());
    const twilio = toStop(await startHttpServer(() => ({ status: 201, body: '{}' })));
    await start({
      ...sms.settings,
      TWILIO_URL: twilio.url,
      TWILIO_ACCOUNT_SID: 'AC1',
      TWILIO_AUTH_TOKEN: 'token',
      TWILIO_FROM: '+15550001111',
    });
    const [text = ''] = await enqueueNotices(database, ['+79991234567'], { channel: 'sms' });
    await enqueueNotices(database, ['ada@example.com']);
    await reaches(text, 'sent');
    expect(await sms.waitForSms('ada@example.com')).toMatchObject({ channel: 'email' });
    expect(twilio.requests).toHaveLength(1);
    expect(sms.messages).toHaveLength(1);
  });

  it('are no more than the budget of the hour, of two replicas together', async () => {
    const sms = toStop(await startSmsServer());
    const settings = { ...sms.settings, SMS_PER_HOUR: '20' };
    await Promise.all([start(settings), start(settings)]);
    const phones = Array.from({ length: 50 }, (_, index) => `+7999555${1000 + index}`);
    await enqueueNotices(database, phones, { channel: 'sms' });
    await vi.waitUntil(async () => (await messageStates(database))['sent'] === 20, PATIENCE);
    await vi.waitUntil(async () => {
      const [row] = await database.query<{ due: number }>(
        "select count(*)::integer as due from auth.messages where state = 'pending' and next_attempt_at <= now()",
      );
      return row?.due === 0;
    }, PATIENCE);
    expect(await messageStates(database)).toEqual({ sent: 20, pending: 30 });
    expect(sms.messages).toHaveLength(20);
  });
});

describe('Senders', () => {
  it('of two replicas share 500 messages, and none is sent twice', async () => {
    const mails = toStop(await startMailServer({ latency: () => 2 }));
    const sms = toStop(await startSmsServer());
    const addresses = Array.from({ length: 250 }, (_, index) => `person-${index}@example.com`);
    const phones = addresses.map((_, index) => `+7999${1_000_000 + index}`);
    await enqueueNotices(database, addresses);
    await enqueueNotices(database, phones, { channel: 'sms' });
    const settings = { ...mails.settings, ...sms.settings };
    const [first, second] = await Promise.all([start(settings), start(settings)]);
    await vi.waitUntil(async () => (await messageStates(database))['sent'] === 500, { timeout: 50_000, interval: 50 });
    expect(mails.mails.flatMap(({ envelope }) => envelope.to).sort()).toEqual(addresses.sort());
    expect(sms.messages.map(({ to }) => to).sort()).toEqual(phones);
    for (const { logLines } of [first, second]) {
      expect(logLines.filter(({ msg }) => msg === 'message').length).toBeGreaterThan(50);
    }
  });

  it('finish what is under way at a stop, and begin nothing', async () => {
    const mails = toStop(await startMailServer({ latency: () => 300 }));
    const service = await start(mails.settings);
    await enqueueNotices(
      database,
      Array.from({ length: 10 }, (_, index) => `person-${index}@example.com`),
    );
    await vi.waitUntil(async () => (await messageStates(database))['sending'] === 2, PATIENCE);
    await service.stopServer();
    const { sent = 0, pending = 0, ...others } = await messageStates(database);
    expect(others).toEqual({});
    expect([sent + pending, mails.mails.length]).toEqual([10, sent]);
    expect(sent).toBeGreaterThanOrEqual(2);
  });

  it('do not let a server that hangs hold up the other channels', async () => {
    const silent = toStop(await startHttpServer(() => null));
    const sms = toStop(await startSmsServer());
    // Takes connections and never greets: a web server does not speak first.
    await start({
      ...sms.settings,
      MAIL_URL: silent.url.replace('http', 'smtp'),
      MAIL_FROM: 'a@service.example',
    });
    const held = await enqueueNotices(database, ['a@example.com', 'b@example.com', 'c@example.com']);
    await vi.waitUntil(async () => (await messageStates(database))['sending'] === 2, PATIENCE);
    const [text = ''] = await enqueueNotices(database, ['+79991234567'], { channel: 'sms' });
    await reaches(text, 'sent');
    expect(await Promise.all(held.map(stateOf))).toEqual(['sending', 'sending', 'pending']);
    // Or the stop would wait for it, too.
    await silent.stop();
  });

  it('stand still while Redis is away, say so once, and go on when it is back', async () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'auth-test-messages-redis-'));
    opened.stack.defer(() => rmSync(directory, { recursive: true, force: true }));
    const redis = toStop(await startRedisServer({ dir: directory }));
    const mails = toStop(await startMailServer());
    const service = await start({ ...mails.settings, REDIS_URL: redis.url });
    await enqueueNotices(database, ['before@example.com']);
    await mails.waitForMail('before@example.com');
    const said = (text: string) =>
      service.logLines.filter(({ msg, channel }) => channel === 'email' && String(msg).startsWith(text)).length;

    for (const [round, outage] of [() => redis.kill(), async () => redis.pause()].entries()) {
      await outage();
      await vi.waitUntil(() => said('messages wait') === round + 1, PATIENCE);
      const [id = ''] = await enqueueNotices(database, [`during-${round}@example.com`]);
      // Some turns of the loop.
      const beginning = Date.now();
      await vi.waitUntil(() => Date.now() - beginning > 2000, PATIENCE);
      expect(await messageRow(database, id)).toMatchObject({ state: 'pending', attempts: 0 });
      expect(said('messages wait')).toBe(round + 1);
      if (round === 0) await redis.restart();
      else redis.resume();
      await mails.waitForMail(`during-${round}@example.com`);
      expect(said('messages are sent again')).toBe(round + 1);
    }
  });
});

describe('Without a provider', () => {
  it('messages are files that only their owner may read', async () => {
    const parent = mkdtempSync(path.join(tmpdir(), 'auth-test-messages-'));
    opened.stack.defer(() => rmSync(parent, { recursive: true, force: true }));
    const directory = path.join(parent, 'messages');
    await start({ MESSAGE_FILES: directory, LINK_BASE_URL: 'http://localhost:8080' });
    const { id, secret } = await enqueueChallenge(database, { recipient: 'ada@example.com' });
    await reaches(id, 'sent');
    const files = readdirSync(directory);
    expect(files).toEqual([expect.stringMatching(new RegExp(`^\\d{4}-\\d\\d-\\d\\dT[\\d.-]+Z-${id}[.]txt$`))]);
    const file = path.join(directory, files[0] ?? '');
    expect([statSync(directory).mode & 0o777, statSync(file).mode & 0o777]).toEqual([0o700, 0o600]);
    const text = readFileSync(file, 'utf8');
    expect(text).toContain('To: ada@example.com\nChannel: email\nSubject: Confirm your e-mail address\n');
    expect(text).toContain(`http://localhost:8080/registration#token=${secret}`);
    // There is no name that must be set, so there is one that says it is none.
    expect(text).toContain('registering with Example using');
  });

  it('and without files they are dead at once, and the start warns', async () => {
    const service = await start();
    const warnings = service.logLines.filter(({ msg }) => String(msg).startsWith('no provider'));
    expect(Object.fromEntries(warnings.map(({ channel, msg }) => [channel, msg]))).toMatchObject({
      email: expect.stringContaining('MAIL_URL, MESSAGE_WEBHOOK_URL, MESSAGE_FILES') as string,
      sms: expect.stringContaining('TWILIO_ACCOUNT_SID, MESSAGE_WEBHOOK_URL, MESSAGE_FILES') as string,
    });
    const [id = ''] = await enqueueNotices(database, ['ada@example.com']);
    await reaches(id, 'dead');
    expect(await messageRow(database, id)).toMatchObject({
      attempts: 1,
      last_error: 'No provider of messages is configured for email.',
    });
    await vi.waitUntil(() => service.logLines.some(({ msg }) => msg === 'message'), PATIENCE);
    expect(service.logLines.find(({ msg }) => msg === 'message')).toMatchObject({ level: 40, messageId: id });
  });

  it('a link without a front end to lead to is dead, and says which setting is missing', async () => {
    const parent = mkdtempSync(path.join(tmpdir(), 'auth-test-messages-'));
    opened.stack.defer(() => rmSync(parent, { recursive: true, force: true }));
    await start({ MESSAGE_FILES: path.join(parent, 'messages') });
    const { id } = await enqueueChallenge(database, { recipient: 'ada@example.com' });
    await reaches(id, 'dead');
    expect((await messageRow(database, id)).last_error).toContain('LINK_BASE_URL');
  });
});
