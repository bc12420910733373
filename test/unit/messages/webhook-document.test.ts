import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { createRenderMessage } from '../../../src/messages/render.ts';
import { createWebhookChannel } from '../../../src/messages/webhook-channel.ts';
import { startHttpServer } from '../../support/sms-server.ts';

const TEXT = readFileSync(new URL('../../../docs/messages.md', import.meta.url), 'utf8');

/** What docs/messages.md shows: whoever writes a receiver tries it with this. */
function readExample() {
  const part = (pattern: RegExp) => pattern.exec(TEXT)?.[1] ?? '';
  return {
    secret: part(/`MESSAGE_WEBHOOK_SECRET=(whsec_[^`]+)`/),
    id: part(/^webhook-id: (.+)$/m),
    timestamp: part(/^webhook-timestamp: (.+)$/m),
    signature: part(/^webhook-signature: (.+)$/m),
    body: part(/^webhook-signature: .+\n\n(.+)\n```$/m),
  };
}

describe('The webhook of the document', () => {
  it('is signed with the formula that stands beside it, and as the library signs', () => {
    const { secret, id, timestamp, signature, body } = readExample();
    const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
    const recomputed = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
    expect(signature).toBe(`v1,${recomputed}`);
    expect(new Webhook(secret).sign(id, new Date(Number(timestamp) * 1000), body)).toBe(signature);
  });

  it('has the body that the service sends', async () => {
    const { secret, id, body } = readExample();
    const expiresAt = new Date('2026-11-21T10:05:00Z');
    const contents = {
      channel: 'sms',
      recipient: '+79991234567',
      template: 'code_login',
      language: 'en',
      expiresAt,
    };
    const rendered = createRenderMessage({ product: 'Example', fallback: 'en' })({
      ...contents,
      createdAt: new Date('2026-11-21T10:00:00Z'),
      code: '012345',
      link: null,
    });
    const receiver = await startHttpServer(() => ({ status: 204 }));
    await createWebhookChannel({ url: receiver.url, secret }).send({ ...contents, ...rendered, id });
    await receiver.stop();
    expect(receiver.requests[0]?.body).toBe(body);
  });
});
