import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { SMTPServer } from 'smtp-server';
import type { Certificate } from './certificates.ts';

export type MailServer = Awaited<ReturnType<typeof startMailServer>>;

/** A mail as it came in. */
export type ReceivedMail = {
  readonly messageId: string;
  /** What was said in the dialogue, which is what counts. */
  readonly envelope: { readonly from: string; readonly to: readonly string[] };
  /** By lower-case name, encoded words decoded. */
  readonly headers: ReadonlyMap<string, string>;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly raw: string;
  /** Who had logged in; null: nobody. */
  readonly user: string | null;
  readonly isEncrypted: boolean;
};

/** What the server says instead of "accepted". */
export type SmtpRefusal = { readonly code: number; readonly text: string };

type Options = {
  /** With one, STARTTLS is offered; `isSecure`: TLS from the first byte. */
  readonly certificate?: Certificate;
  readonly isSecure?: boolean;
  /** The only one who may send. */
  readonly account?: { readonly user: string; readonly password: string };
  /**
   * Milliseconds between the end of a mail and the answer to it. Whoever has gone by then has sent nothing: a good server
   * looks before it accepts, so that a mail whose sender does not know is rare (RFC 1047; Exim's "lost after final dot").
   */
  readonly latency?: () => number;
  /** A server that does not look: what has come in counts, whether its sender hears so or not. */
  readonly storesAtOnce?: boolean;
  /** Asked for every recipient. */
  readonly onRecipient?: (address: string) => SmtpRefusal | null;
  /** Asked for every mail when it was read, before it counts as accepted. */
  readonly onMail?: (mail: ReceivedMail) => SmtpRefusal | null;
};

/** A real SMTP server on a free port of this machine, which keeps what it accepts. */
export async function startMailServer(options: Options = {}) {
  const {
    certificate,
    isSecure = false,
    account,
    latency = () => 0,
    storesAtOnce = false,
    onRecipient,
    onMail,
  } = options;
  const mails: ReceivedMail[] = [];
  const taken = new Set<ReceivedMail>();
  const refusal = ({ code, text }: SmtpRefusal) => Object.assign(new Error(text), { responseCode: code });

  const server = new SMTPServer({
    logger: false,
    secure: isSecure,
    ...(certificate ? { key: certificate.key, cert: certificate.cert } : {}),
    disabledCommands: [...(certificate && !isSecure ? [] : ['STARTTLS']), ...(account ? [] : ['AUTH'])],
    authOptional: account === undefined,
    closeTimeout: 100,
    onAuth({ username, password }, _session, done) {
      if (username === account?.user && password === account?.password) done(null, { user: username });
      else done(refusal({ code: 535, text: 'Wrong user or password' }));
    },
    onRcptTo({ address }, _session, done) {
      const refused = onRecipient?.(address);
      done(refused ? refusal(refused) : null);
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        const mail = readMail(Buffer.concat(chunks).toString('latin1'), {
          envelope: {
            from: mailFrom ? mailFrom.address : '',
            to: rcptTo.map(({ address }) => address),
          },
          user: typeof session.user === 'string' ? session.user : null,
          isEncrypted: session.secure,
        });
        const refused = onMail?.(mail);
        if (refused) {
          done(refusal(refused));
          return;
        }
        if (storesAtOnce) mails.push(mail);
        const accept = () => {
          const isThere = [...server.connections].some(({ id }) => id === session.id);
          if (isThere && !storesAtOnce) mails.push(mail);
          done(null);
        };
        // What the network has to say comes after timers: a close that has arrived is seen.
        setTimeout(() => setImmediate(() => setImmediate(accept)), latency());
      });
    },
  });
  server.on('error', () => undefined);
  const listening = server.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const { port } = listening.address() as AddressInfo;
  const login = account ? `${encodeURIComponent(account.user)}:${encodeURIComponent(account.password)}@` : '';
  const url = `${isSecure ? 'smtps' : 'smtp'}://${login}127.0.0.1:${port}`;

  return {
    url,
    port,
    /** All that were accepted, the oldest first. */
    mails: mails as readonly ReceivedMail[],
    /** What a service needs to send its mails here. */
    settings: {
      MAIL_URL: url,
      MAIL_FROM: 'Accounts <no-reply@service.example>',
      LINK_BASE_URL: 'https://front.example',
      PRODUCT_NAME: 'Ducks',
    },
    /** The next mail to the address, in their order: each call returns another one. Waits for it. */
    async waitForMail(to: string, patience = 10_000): Promise<ReceivedMail> {
      return await waitForNext(
        () => mails.find((mail) => !taken.has(mail) && mail.envelope.to.includes(to)),
        taken,
        `mail to ${to}`,
        patience,
      );
    },
    async stop(): Promise<void> {
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** The token of the link that a mail carries. */
export function linkTokenIn(message: { readonly text: string }): string {
  const token = /#token=([A-Za-z0-9_-]{64})(?![A-Za-z0-9_-])/.exec(message.text)?.[1];
  if (token === undefined) throw new Error(`There is no link in:\n${message.text}`);
  return token;
}

/** The code that a message carries. */
export function codeIn(message: { readonly text: string }): string {
  const code = /(?<![\w-])\d{6}(?![\w-])/.exec(message.text)?.[0];
  if (code === undefined) throw new Error(`There is no code in:\n${message.text}`);
  return code;
}

/** Polls for a message that nobody has taken. */
export async function waitForNext<T>(
  find: () => T | undefined,
  taken: Set<T>,
  name: string,
  patience: number,
): Promise<T> {
  const deadline = Date.now() + patience;
  for (;;) {
    const found = find();
    if (found !== undefined) {
      taken.add(found);
      return found;
    }
    if (Date.now() > deadline) throw new Error(`No ${name} in ${patience} ms.`);
    await delay(10);
  }
}

/** What our mails need of MIME (RFC 2045 to 2047): parts in parts, quoted-printable, base64, encoded words, UTF-8. */
function readMail(raw: string, rest: Pick<ReceivedMail, 'envelope' | 'user' | 'isEncrypted'>): ReceivedMail {
  const { headers } = splitHeaders(raw);
  const parts = leaves(raw);
  return {
    ...rest,
    raw,
    headers,
    messageId: headers.get('message-id') ?? '',
    subject: headers.get('subject') ?? '',
    text: parts.find(({ type }) => type.startsWith('text/plain'))?.content ?? '',
    html: parts.find(({ type }) => type.startsWith('text/html'))?.content ?? '',
  };
}

function splitHeaders(raw: string): { headers: Map<string, string>; body: string } {
  const end = raw.indexOf('\r\n\r\n');
  const lines = (end < 0 ? raw : raw.slice(0, end)).replaceAll(/\r\n[ \t]+/g, ' ').split('\r\n');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), decodeWords(line.slice(colon + 1).trim()));
  }
  return { headers, body: end < 0 ? '' : raw.slice(end + 4) };
}

function decodeWords(value: string): string {
  return value
    .replaceAll(/\?=\s+=\?/g, '?==?')
    .replaceAll(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_, form: string, text: string) =>
      form.toLowerCase() === 'b'
        ? Buffer.from(text, 'base64').toString('latin1')
        : decodeQuotedPrintable(text.replaceAll('_', ' ')),
    )
    .replaceAll(/[\u0080-\u00ff]+/g, (bytes) => Buffer.from(bytes, 'latin1').toString());
}

function decodeQuotedPrintable(text: string): string {
  return text
    .replaceAll(/=\r?\n/g, '')
    .replaceAll(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function leaves(raw: string): { type: string; content: string }[] {
  const { headers, body } = splitHeaders(raw);
  const type = headers.get('content-type') ?? 'text/plain';
  const boundary = /boundary="?([^";]+)"?/.exec(type)?.[1];
  if (type.startsWith('multipart/') && boundary !== undefined) {
    return body
      .split(`--${boundary}`)
      .slice(1, -1)
      .flatMap((part) => leaves(part.replace(/^\r\n/, '')));
  }
  const encoding = (headers.get('content-transfer-encoding') ?? '7bit').toLowerCase();
  const bytes =
    encoding === 'base64'
      ? Buffer.from(body, 'base64')
      : Buffer.from(encoding === 'quoted-printable' ? decodeQuotedPrintable(body) : body, 'latin1');
  return [{ type: type.toLowerCase(), content: bytes.toString().replaceAll('\r\n', '\n') }];
}
