import { Webhook } from 'standardwebhooks';
import type { Channel } from './channel.ts';
import { httpPost } from './http-post.ts';

type Options = {
  readonly url: string;
  /** whsec_ and base64. */
  readonly secret: string;
};

/** By these the receiver says that it will never take this message. Everything else that is no success may pass. */
const FINAL_STATUSES = new Set([400, 410, 422]);

/** Messages as signed HTTP calls (standardwebhooks.com), for every provider that there is no channel for. */
export function createWebhookChannel({ url, secret }: Options): Channel {
  const webhook = new Webhook(secret);
  return {
    async send({ id, channel, recipient, text, mail, template, language, expiresAt }) {
      const body = JSON.stringify({
        id,
        channel,
        to: recipient,
        text,
        ...mail,
        template,
        language,
        expires_at: expiresAt.toISOString(),
      });
      // Of this attempt: a receiver refuses what was signed long ago. The id is that of every attempt.
      const now = new Date();
      const headers = {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
        'webhook-signature': webhook.sign(id, now, body),
      };
      try {
        const { status } = await httpPost(url, headers, body);
        if (status >= 200 && status < 300) return { outcome: 'sent' };
        // Not the body: it may repeat what it was sent.
        return { outcome: FINAL_STATUSES.has(status) ? 'failed' : 'retry', error: `The webhook answered ${status}.` };
      } catch (error) {
        return { outcome: 'retry', error: `The webhook cannot be reached: ${(error as Error).message}` };
      }
    },
    close: () => undefined,
  };
}
