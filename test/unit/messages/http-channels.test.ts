import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OutgoingMessage } from '../../../src/messages/channel.ts';
import { createTwilioChannel } from '../../../src/messages/twilio-channel.ts';
import { createWebhookChannel } from '../../../src/messages/webhook-channel.ts';
import { startHttpServer, startSmsServer } from '../../support/sms-server.ts';
import type { HttpAnswer } from '../../support/sms-server.ts';

const message = (changes: Partial<OutgoingMessage> = {}): OutgoingMessage => ({
  id: randomUUID(),
  channel: 'sms',
  recipient: '+79991234567',
  template: 'code_login',
  language: 'ru',
  text: '012345 — код & для входа',
  mail: null,
  expiresAt: new Date('2026-11-21T10:00:00Z'),
  ...changes,
});
const ANSWERS = { answer: { status: 201, body: '{"sid":"SM1"}' } as HttpAnswer | null };

let server: Awaited<ReturnType<typeof startHttpServer>>;
beforeEach(async () => {
  ANSWERS.answer = { status: 201, body: '{"sid":"SM1"}' };
  server = await startHttpServer(() => ANSWERS.answer);
});
afterEach(() => server.stop());

describe('Twilio', () => {
  const SID = `AC${'1'.repeat(32)}`;
  const channel = (from = '+15550001111') =>
    createTwilioChannel({ url: server.url, accountSid: SID, authToken: 'secret token', from });

  it('is sent a form with the number, the text and the account', async () => {
    const sms = message();
    expect(await channel().send(sms)).toEqual({ outcome: 'sent' });
    const [request] = server.requests;
    expect(request).toMatchObject({
      method: 'POST',
      path: `/2010-04-01/Accounts/${SID}/Messages.json`,
      headers: {
        authorization: `Basic ${Buffer.from(`${SID}:secret token`).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
    });
    expect(Object.fromEntries(new URLSearchParams(request?.body))).toEqual({
      To: '+79991234567',
      From: '+15550001111',
      Body: sms.text,
    });
  });

  it('is told the messaging service where that is the sender', async () => {
    const service = `MG${'a'.repeat(32)}`;
    await channel(service).send(message());
    const form = new URLSearchParams(server.requests[0]?.body);
    expect([form.get('MessagingServiceSid'), form.get('From')]).toEqual([service, null]);
  });

  it.each([21211, 21214, 21408, 21610, 21614])('refuses for good with error %i', async (code) => {
    ANSWERS.answer = { status: 400, body: JSON.stringify({ code, message: 'No such phone', status: 400 }) };
    expect(await channel().send(message())).toEqual({
      outcome: 'failed',
      error: `Twilio answered 400, error ${code}: No such phone`,
    });
  });

  it.each([
    [
      { status: 429, body: JSON.stringify({ code: 20429, message: 'Too many' }) },
      'Twilio answered 429, error 20429: Too many',
    ],
    [{ status: 500, body: 'oops' }, 'Twilio answered 500'],
    [
      { status: 401, body: JSON.stringify({ code: 20003, message: 'Authenticate' }) },
      'Twilio answered 401, error 20003: Authenticate',
    ],
    [{ status: 503, body: '[]' }, 'Twilio answered 503'],
    [{ status: 400, body: '{"code":"21211"}' }, 'Twilio answered 400'],
  ])('is tried again after %j', async (answer, error) => {
    ANSWERS.answer = answer;
    expect(await channel().send(message())).toEqual({ outcome: 'retry', error });
  });

  it('is not followed to somewhere else', async () => {
    const elsewhere = await startHttpServer(() => ({ status: 200 }));
    ANSWERS.answer = { status: 307, headers: { location: elsewhere.url } };
    expect(await channel().send(message())).toMatchObject({ outcome: 'retry' });
    expect(elsewhere.requests).toEqual([]);
    await elsewhere.stop();
  });

  it('is tried again when nobody is there', async () => {
    const channelToNobody = channel();
    await server.stop();
    expect(await channelToNobody.send(message())).toMatchObject({ outcome: 'retry' });
    server = await startHttpServer(() => null);
  });
});

describe('The webhook', () => {
  it('is sent signed JSON, with the id of the message', async () => {
    const sms = await startSmsServer();
    const sent = message();
    expect(await createWebhookChannel({ url: sms.url, secret: sms.secret }).send(sent)).toEqual({ outcome: 'sent' });
    expect(sms.messages).toEqual([
      {
        id: sent.id,
        channel: 'sms',
        to: '+79991234567',
        text: sent.text,
        template: 'code_login',
        language: 'ru',
        expires_at: '2026-11-21T10:00:00.000Z',
      },
    ]);
    expect(sms.requests[0]?.headers).toMatchObject({ 'content-type': 'application/json', 'webhook-id': sent.id });
    expect(sms.requests[0]?.headers['webhook-signature']).toMatch(/^v1,/);
    await sms.stop();
  });

  it('gets the subject and HTML of a mail, too', async () => {
    const sms = await startSmsServer();
    const sent = message({ channel: 'email', mail: { subject: 'Тема', html: '<p>x</p>' } });
    await createWebhookChannel({ url: sms.url, secret: sms.secret }).send(sent);
    expect(sms.messages).toMatchObject([{ channel: 'email', subject: 'Тема', html: '<p>x</p>' }]);
    await sms.stop();
  });

  it('signed with another secret is refused by the receiver, and tried again', async () => {
    const sms = await startSmsServer();
    const other = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
    expect(await createWebhookChannel({ url: sms.url, secret: other }).send(message())).toEqual({
      outcome: 'retry',
      error: 'The webhook answered 401.',
    });
    expect(sms.messages).toEqual([]);
    await sms.stop();
  });

  it.each([
    [200, 'sent'],
    [202, 'sent'],
    [204, 'sent'],
    [400, 'failed'],
    [410, 'failed'],
    [422, 'failed'],
    [302, 'retry'],
    [404, 'retry'],
    [429, 'retry'],
    [500, 'retry'],
  ])('that answers %i has the outcome %s', async (status, outcome) => {
    ANSWERS.answer = { status, headers: { location: '/elsewhere' } };
    const secret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
    expect(await createWebhookChannel({ url: server.url, secret }).send(message())).toMatchObject({ outcome });
    expect(server.requests).toHaveLength(1);
  });

  it('that answers without an end is left', async () => {
    ANSWERS.answer = { status: 200, body: 'x'.repeat(5_000_000) };
    const secret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
    expect(await createWebhookChannel({ url: server.url, secret }).send(message())).toMatchObject({ outcome: 'sent' });
  });
});
