import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { waitForNext } from './mail-server.ts';

export { codeIn } from './mail-server.ts';

export type SmsServer = Awaited<ReturnType<typeof startSmsServer>>;

/** A message as the webhook was sent it. */
export type ReceivedSms = {
  readonly id: string;
  readonly channel: string;
  readonly to: string;
  readonly text: string;
  readonly template: string;
  readonly language: string;
  readonly expires_at: string;
};

export type HttpRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
};
export type HttpAnswer = {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
};

/** A provider of text messages behind the signed webhook. What is not signed rightly gets 401 and does not count. */
export async function startSmsServer({ answer }: { answer?: (sms: ReceivedSms) => HttpAnswer | null } = {}) {
  const secret = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
  const webhook = new Webhook(secret);
  const messages: ReceivedSms[] = [];
  const taken = new Set<ReceivedSms>();
  const http = await startHttpServer(({ headers, body }) => {
    let sms: ReceivedSms;
    try {
      sms = webhook.verify(body, headers as Record<string, string>) as ReceivedSms;
    } catch {
      return { status: 401 };
    }
    const other = answer?.(sms);
    if (other) return other;
    messages.push(sms);
    return { status: 204 };
  });

  return {
    url: `${http.url}/messages`,
    secret,
    /** All that were taken, the oldest first. */
    messages: messages as readonly ReceivedSms[],
    /** Every request, also those that were not taken. */
    requests: http.requests,
    /** What a service needs to send its text messages here. */
    settings: {
      MESSAGE_WEBHOOK_URL: `${http.url}/messages`,
      MESSAGE_WEBHOOK_SECRET: secret,
      LINK_BASE_URL: 'https://front.example',
      PRODUCT_NAME: 'Ducks',
    },
    /** The next message to the phone, in their order: each call returns another one. Waits for it. */
    async waitForSms(to: string, patience = 10_000): Promise<ReceivedSms> {
      return await waitForNext(
        () => messages.find((sms) => !taken.has(sms) && sms.to === to),
        taken,
        `text message to ${to}`,
        patience,
      );
    },
    stop: http.stop,
  };
}

/** An HTTP server on a free port of this machine that keeps what it is asked. No answer: it never answers. */
export async function startHttpServer(answer: (request: HttpRequest) => HttpAnswer | null) {
  const requests: HttpRequest[] = [];
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const { method = '', url = '', headers } = incoming;
      const request = { method, path: url, headers, body: Buffer.concat(chunks).toString() };
      requests.push(request);
      const answered = answer(request);
      if (answered) response.writeHead(answered.status, answered.headers).end(answered.body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: requests as readonly HttpRequest[],
    stop: () => stop(server),
  };
}

async function stop(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
