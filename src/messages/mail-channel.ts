import { createTransport } from 'nodemailer';
import { SEND_TIMEOUT } from './channel.ts';
import type { Channel } from './channel.ts';

type Options = {
  /** smtp: or smtps:, with the login of the server where it wants one. */
  readonly url: string;
  readonly from: { readonly name: string; readonly address: string };
  /** Whether the server is this machine: what goes over no network needs no encryption. */
  readonly isLocal: boolean;
  readonly connections: number;
};

/** What of the dialogue is about this one mail; a refusal before that is the server's or the settings' trouble. */
const ABOUT_THE_MAIL = new Set(['MAIL FROM', 'RCPT TO', 'DATA']);
/** No quotes, comments, lists or routes, whatever the one who has stored it took for an address. */
const ADDRESS = /^[^\s"(),:;<>@[\]\\\p{Cc}]+@[^\s"(),:;<>@[\]\\\p{Cc}]+$/u;

/** Mails over SMTP. */
export function createMailChannel({ url, from, isLocal, connections }: Options): Channel {
  const { protocol, hostname, port, username, password } = new URL(url);
  const isSecure = protocol === 'smtps:';
  const domain = from.address.slice(from.address.lastIndexOf('@') + 1);
  const transport = createTransport({
    pool: true,
    maxConnections: connections,
    // A mail that was interrupted is tried again by the queue, which counts; a connection that has been idle may be dead.
    maxRequeues: 0,
    idleTimeout: 5000,
    host: hostname.replace(/^\[(.+)\]$/, '$1'),
    port: port === '' ? (isSecure ? 465 : 587) : Number(port),
    secure: isSecure,
    requireTLS: !isSecure && !isLocal,
    ignoreTLS: isLocal,
    ...(username === '' ? {} : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    connectionTimeout: SEND_TIMEOUT,
    greetingTimeout: SEND_TIMEOUT,
    socketTimeout: SEND_TIMEOUT,
    dnsTimeout: SEND_TIMEOUT,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  // A connection that fails while it is idle. The next mail will tell.
  transport.on('error', () => undefined);

  return {
    async send({ id, recipient, text, mail }) {
      if (!ADDRESS.test(recipient))
        return { outcome: 'failed', error: 'The recipient is not one plain e-mail address.' };
      try {
        await transport.sendMail({
          messageId: `<${id}@${domain}>`,
          from,
          // An object is taken as it is; a text would be parsed as a list of addresses.
          to: { name: '', address: recipient },
          subject: mail?.subject ?? '',
          text,
          ...(mail ? { html: mail.html } : {}),
          // No answers of absent people, no loops (RFC 3834).
          headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
          signal: AbortSignal.timeout(SEND_TIMEOUT),
        });
        return { outcome: 'sent' };
      } catch (error) {
        const {
          message,
          responseCode = 0,
          command = '',
        } = error as Error & { responseCode?: number; command?: string };
        const isFinal = responseCode >= 500 && ABOUT_THE_MAIL.has(command);
        return { outcome: isFinal ? 'failed' : 'retry', error: message };
      }
    },
    close: () => transport.close(),
  };
}
