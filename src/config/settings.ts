import { isIP } from 'node:net';
import { z } from 'zod';
import { duration } from './duration.ts';
import { serviceCaller } from './service-caller.ts';

/**
 * One setting of the service. The declarations below are the only ones: the typed configuration, `.env.example`, the table
 * in docs/settings.md and the print at start are made from them.
 */
export type Setting<T = unknown> = {
  /** What it does, in a sentence, with its unit and limits. */
  readonly about: string;
  readonly schema: z.ZodType<T, string>;
  /** The text that counts when the variable is not set; null: it must be set; undefined: it may be absent. */
  readonly fallback: string | null | undefined;
  /** Never printed. */
  readonly secret?: true;
};

function setting<T, F extends string | null | undefined>(
  about: string,
  schema: z.ZodType<T, string>,
  fallback: F,
  secret?: 'secret',
) {
  return { about, schema, fallback, ...(secret ? { secret: true as const } : {}) };
}

const count = (low: number, high: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(low, `must be at least ${low}`).max(high, `must be at most ${high}`));
const text = z.string().min(1, 'must not be empty');
const choice = <const T extends readonly [string, ...string[]]>(...values: T) => z.enum(values);
const onOff = choice('on', 'off').transform((value) => value === 'on');
const list = z.string().transform((value) =>
  value
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean),
);
const urlOf = (...protocols: string[]) =>
  z.string().refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), {
    message: `must be a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  });
/** fetch refuses a URL with a password in it, and would say the whole URL. */
const plainUrlOf = (...protocols: string[]) =>
  urlOf(...protocols).refine((value) => {
    const { username, password } = URL.canParse(value) ? new URL(value) : { username: '', password: '' };
    return username === '' && password === '';
  }, 'must not contain a user or a password');
const address = z.string().transform((value, context) => {
  const match = /^(.+):(\d{1,5})$/.exec(value);
  const port = Number(match?.[2]);
  if (!match?.[1] || port > 65_535) {
    context.addIssue({ code: 'custom', message: 'must be host:port' });
    return z.NEVER;
  }
  return { host: match[1].replace(/^\[(.+)\]$/, '$1'), port };
});
const addressOrOff = z.union([z.literal('off'), address]);
/** As browsers write it: scheme, host, and the port unless it is the scheme's own (RFC 6454). */
const isOrigin = (value: string) => URL.canParse(value) && new URL(value).origin === value && /^https?:/.test(value);
const origins = list.refine(
  (values) => values.every(isOrigin),
  'must be origins such as https://app.example.com, without a path, in small letters, without the port that https has anyway',
);
/** An address, or a network that is not everybody's. Short forms (`10.1`) are not taken: everyone reads them otherwise. */
function isNetwork(value: string): boolean {
  const [address = '', bits, ...rest] = value.split('/');
  if (!isIP(address) || address.includes('%') || rest.length > 0) return false;
  return bits === undefined || (/^[1-9]\d{0,2}$/.test(bits) && Number(bits) <= (isIP(address) === 4 ? 32 : 128));
}
const networks = list.refine(
  (values) => values.every(isNetwork),
  'must be addresses or networks such as 10.0.0.0/8, and not all there are',
);
const base64Key = z
  .string()
  .refine((value) => /^[A-Za-z0-9+/]{43}=$/.test(value), 'must be 32 random bytes in base64: openssl rand -base64 32')
  .transform((value) => Buffer.from(value, 'base64'));
const mailSender = z.string().transform((value, context) => {
  // A name without anything that means something in a header, and one plain address.
  const match = /^(?:([^"<>,;:@\\\p{Cc}]*) )?<?([^\s"(),:;<>@[\]\\]+@[a-z\d](?:[a-z\d.-]*[a-z\d])?)>?$/iu.exec(value);
  if (!match?.[2] || value.includes('<') !== value.endsWith('>') || (match[1] !== undefined && !value.endsWith('>'))) {
    context.addIssue({ code: 'custom', message: 'must be an e-mail address, or `Name <address>`' });
    return z.NEVER;
  }
  return { name: match[1]?.trim() ?? '', address: match[2] };
});
const callers = z.string().transform((value, context) => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch {
    context.addIssue({ code: 'custom', message: 'must be JSON' });
    return z.NEVER;
  }
  const result = z.array(serviceCaller).safeParse(parsed);
  if (!result.success) {
    for (const issue of result.error.issues) {
      context.addIssue({ code: 'custom', message: `${issue.path.join('.')}: ${issue.message}` });
    }
    return z.NEVER;
  }
  return result.data;
});

export const settings = {
  LISTEN_ADDRESS: setting(
    'Where gRPC is served, as host:port. Anything but a loopback address needs SERVICE_CALLERS.',
    address,
    '127.0.0.1:50051',
  ),
  TLS_CERT_FILE: setting('The server certificate (PEM). Without it the listener is plain text.', text, undefined),
  TLS_KEY_FILE: setting('The key of the server certificate (PEM).', text, undefined),
  TLS_CLIENT_CA_FILE: setting('The authority (PEM) whose client certificates identify services.', text, undefined),
  GATEWAY_ADDRESS: setting(
    'Where browsers are served, as host:port: gRPC-web, Connect and JSON, the keys, and the account page; or `off`. Plain HTTP: on anything but a loopback address it stands behind a proxy with TLS, and GATEWAY_URL is needed.',
    addressOrOff,
    'off',
  ),
  GATEWAY_URL: setting(
    'The URL by which browsers reach GATEWAY_ADDRESS, without a path: https, but on a loopback address. Its pages may call.',
    z.string().refine(isOrigin, 'must be a URL without a path, such as https://auth.example.com'),
    undefined,
  ),
  BROWSER_ORIGINS: setting(
    'The origins of other pages that may call the gateway, exactly as browsers write them, separated by commas.',
    origins,
    '',
  ),
  TRUSTED_PROXIES: setting(
    "Addresses and networks (CIDR) of the proxies in front of the gateway, separated by commas: their `x-forwarded-for` is believed, nobody else's.",
    networks,
    '',
  ),
  REFLECTION: setting('Whether server reflection is served: on or off.', onOff, 'off'),
  WORKERS: setting(
    'Processes that serve behind the one address, each a replica of its own; they share HASH_CONCURRENCY and count PUBLIC calls together.',
    count(1, 64),
    '1',
  ),
  SHUTDOWN_DELAY: setting(
    'How long a stop goes on serving after health has said NOT_SERVING: longer than a load balancer needs to ask for it and to be answered.',
    duration({ atLeast: '0s', atMost: '5m' }),
    '0s',
  ),
  SHUTDOWN_GRACE: setting(
    'How long calls under way may take at a stop, after SHUTDOWN_DELAY.',
    duration({ atLeast: '0s', atMost: '5m' }),
    '10s',
  ),
  MAX_CALLS_IN_FLIGHT: setting(
    'Calls under way on one replica, and half as many open streams beside them; more are refused as OVERLOADED.',
    count(1, 100_000),
    '2000',
  ),

  DATABASE_URL: setting('PostgreSQL 18, as the role auth_service.', urlOf('postgres:', 'postgresql:'), null, 'secret'),
  DATABASE_POOL_SIZE: setting(
    'Connections of one replica for calls; up to two more renew its lease. Every worker is a replica.',
    count(1, 500),
    '20',
  ),
  DATABASE_OWNER_URL: setting(
    'PostgreSQL as the role auth_owner; only `migrate` and `admin` use it.',
    urlOf('postgres:', 'postgresql:'),
    undefined,
    'secret',
  ),
  REDIS_URL: setting(
    'Redis 7 or newer. Without it the process works alone, with its workers.',
    urlOf('redis:', 'rediss:'),
    undefined,
    'secret',
  ),

  MASTER_KEY: setting(
    '32 random bytes in base64. Signing keys are stored encrypted under it, and refresh tokens are made with it.',
    base64Key,
    null,
    'secret',
  ),
  TOKEN_ISSUER: setting('The claim `iss` of access tokens.', text, 'auth-service'),
  TOKEN_AUDIENCE: setting('The claim `aud` of access tokens.', text, 'internal'),
  SIGNING_ALGORITHM: setting(
    'The algorithm of new signing keys: EdDSA, ES256 or RS256. ES256 signatures are random: a repeated Register then answers another text of the same access token.',
    choice('EdDSA', 'ES256', 'RS256'),
    'EdDSA',
  ),
  SIGNING_KEY_ROTATION: setting('How long a signing key signs.', duration({ atLeast: '1h', atMost: '365d' }), '30d'),
  SIGNING_KEY_PUBLISH_AHEAD: setting(
    'How long a key is published before it signs; verifiers may cache keys for half of it.',
    duration({ atLeast: '1m', atMost: '7d' }),
    '1h',
  ),
  ACCESS_TOKEN_LIFETIME: setting(
    'Shortened at random by up to 5 %.',
    duration({ atLeast: '10s', atMost: '24h' }),
    '30m',
  ),
  REFRESH_TOKEN_LIFETIME: setting('Counted from its issue.', duration({ atLeast: '1m', atMost: '365d' }), '7d'),
  SESSION_LIFETIME: setting(
    'The end of a session however much it is used.',
    duration({ atLeast: '1m', atMost: '3650d' }),
    '30d',
  ),
  REFRESH_GRACE: setting(
    'For how long a used refresh token is answered with its unused successor again.',
    duration({ atLeast: '0s', atMost: '5m' }),
    '30s',
  ),
  REVOCATION_LEASE: setting(
    'How long a replica answers from memory after it last asked PostgreSQL; the longest a revoking call waits for a replica that is silent.',
    duration({ atLeast: '200ms', atMost: '5s' }),
    '1s',
  ),
  VERIFIED_TOKEN_CACHE: setting('Verified access tokens kept in memory.', count(0, 10_000_000), '100000'),

  BCRYPT_COST: setting('The bcrypt cost of new hashes; older hashes are raised to it at login.', count(10, 15), '12'),
  HASH_CONCURRENCY: setting(
    'Password hashes computed at once, by all workers together. Default: one less than the cores, at least 1.',
    count(1, 64),
    undefined,
  ),
  HASH_QUEUE: setting(
    'Calls that may wait for a hash in each worker; more are refused as OVERLOADED.',
    count(1, 10_000),
    '100',
  ),
  LOGIN_FAILURES_PER_ACCOUNT: setting(
    'Failed logins of one account before it is blocked for 60 s, doubling to 15 min.',
    count(1, 1000),
    '10',
  ),
  LOGIN_FAILURES_PER_ADDRESS: setting('Failed logins from one client address in a day.', count(1, 1_000_000), '100'),
  PUBLIC_CALLS_PER_MINUTE: setting(
    'PUBLIC calls a minute from one client address. Calls of services that forward no address are not counted.',
    count(1, 1_000_000),
    '300',
  ),
  IDEMPOTENCY_WINDOW: setting(
    'How long a Register is remembered under its idempotency key.',
    duration({ atLeast: '1m', atMost: '7d' }),
    '24h',
  ),
  DEFAULT_PHONE_REGION: setting(
    'The region of phone numbers without a country code (ISO 3166-1 alpha-2).',
    z.string().regex(/^[A-Z]{2}$/, 'must be two capital letters'),
    'RU',
  ),
  USER_CALLS_PER_MINUTE: setting(
    'USER and ADMIN calls a minute of one user; Logout, EndSession and EndOtherSessions are never refused.',
    count(1, 1_000_000),
    '300',
  ),
  ROLE_CHANGES_PER_MINUTE: setting(
    'GrantRole, RevokeRole and InviteMember calls a minute of one user: each refusal is an entry of the audit.',
    count(1, 1_000_000),
    '60',
  ),
  SUPPORT_LOOKS_PER_MINUTE: setting(
    'FindUser calls a minute of one user: each tells whether somebody has a contact, and who he is.',
    count(1, 1_000_000),
    '30',
  ),
  GUESTS_PER_MINUTE: setting('StartGuestSession calls a minute from one client address.', count(1, 1_000_000), '30'),
  AVAILABILITY_CHECKS_PER_MINUTE: setting(
    'CheckAvailability calls a minute from one client address, and AddContact calls of one user.',
    count(1, 1_000_000),
    '30',
  ),
  REGISTRATION_SECOND_LOGIN: setting(
    'Whether FinishRegistration takes a second_login: required, optional or off.',
    choice('required', 'optional', 'off'),
    'optional',
  ),
  REGISTRATION_PHONE: setting(
    'Whether FinishRegistration takes a phone: required, optional or off.',
    choice('required', 'optional', 'off'),
    'optional',
  ),
  PHONE_REGISTRATION: setting(
    'Whether FinishCodeLogin opens an account for a phone that has none: on or off.',
    onOff,
    'off',
  ),
  CONTACT_RESERVATION: setting(
    'How long the contacts of a closed or deleted account stay reserved for it.',
    duration({ atLeast: '0s', atMost: '3650d' }),
    '90d',
  ),

  DEFAULT_LANGUAGE: setting(
    'The language of messages where neither the profile nor `accept-language` names one that there is: en or ru.',
    choice('en', 'ru'),
    'en',
  ),
  LINK_BASE_URL: setting(
    'Where links in messages lead: the URL of the front end. The paths /registration, /contact-confirmation, /password-reset and /invitation are added, and the token as the fragment. Needed with MAIL_URL, TWILIO_ACCOUNT_SID and MESSAGE_WEBHOOK_URL.',
    urlOf('https:', 'http:'),
    undefined,
  ),
  PRODUCT_NAME: setting(
    'What messages call the product, in at most 60 characters. Needed with MAIL_URL, TWILIO_ACCOUNT_SID and MESSAGE_WEBHOOK_URL; without these messages say Example.',
    text.max(60, 'must have at most 60 characters'),
    undefined,
  ),
  MESSAGES_PER_CONTACT: setting('Codes and links a day for one contact.', count(1, 1000), '10'),
  MESSAGES_PER_ADDRESS: setting(
    'Codes and links an hour asked for from one client address.',
    count(1, 1_000_000),
    '30',
  ),
  INVITATION_LIFETIME: setting(
    'How long the link of an invitation to an organisation can be used.',
    duration({ atLeast: '1h', atMost: '30d' }),
    '7d',
  ),
  MESSAGE_RETENTION: setting(
    'How long messages are kept, sent or not.',
    duration({ atLeast: '1h', atMost: '365d' }),
    '30d',
  ),
  MESSAGE_FILES: setting(
    'A directory that messages are written to whose channel has no provider; the embedded set-up has one.',
    text,
    undefined,
  ),
  MAIL_URL: setting(
    'The SMTP server, as smtp://user:password@host:587 (STARTTLS is demanded, but on a loopback address) or smtps://.',
    urlOf('smtp:', 'smtps:'),
    undefined,
    'secret',
  ),
  MAIL_FROM: setting(
    'The sender of mails, as `Name <address>` or the address. Needed with MAIL_URL.',
    mailSender,
    undefined,
  ),
  SMS_COUNTRIES: setting(
    'The countries whose phones text messages are sent to (ISO 3166-1 alpha-2), separated by commas.',
    list.refine(
      (countries) => countries.every((country) => /^[A-Z]{2}$/.test(country)),
      'must be countries of two capital letters each, such as RU,KZ',
    ),
    'RU',
  ),
  SMS_PER_HOUR: setting(
    'Text messages sent in an hour by all replicas; more wait, until they expire.',
    count(1, 10_000_000),
    '1000',
  ),
  TWILIO_ACCOUNT_SID: setting('Twilio: the account. With it, text messages go there.', text, undefined),
  TWILIO_AUTH_TOKEN: setting('Twilio: the token of the account.', text, undefined, 'secret'),
  TWILIO_FROM: setting('Twilio: the sending number (E.164) or messaging service (MG...).', text, undefined),
  TWILIO_URL: setting('Twilio: its API.', plainUrlOf('https:', 'http:'), 'https://api.twilio.com'),
  MESSAGE_WEBHOOK_URL: setting(
    'Where messages are posted whose channel has no other provider, text messages without Twilio among them. See docs/messages.md.',
    plainUrlOf('https:', 'http:'),
    undefined,
    'secret',
  ),
  MESSAGE_WEBHOOK_SECRET: setting(
    'What they are signed with (Standard Webhooks): whsec_ and base64. Needed with MESSAGE_WEBHOOK_URL.',
    z.string().regex(/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/, 'must be whsec_ and at least 24 random bytes in base64'),
    undefined,
    'secret',
  ),

  SERVICE_CALLERS: setting(
    'The services that may call, as JSON: [{"name", "secretSha256" or "sans", "methods", "interfaces"}]. See docs/callers.md.',
    callers,
    '[]',
    'secret',
  ),
  LOCAL_CALLERS: setting('Whether every caller on a loopback listener counts as a service: on or off.', onOff, 'off'),
  LOCAL_CALLER_INTERFACES: setting(
    'The interfaces that a local caller may speak for.',
    list,
    'customer,driver,courier,executor_head,firm_head',
  ),
  ANONYMOUS_INTERFACES: setting(
    'The interfaces that a caller without a service identity may speak for.',
    list,
    'customer',
  ),

  GEOIP_DATABASE: setting(
    'The file of a GeoIP database (.mmdb) with which sessions are given a country and a city; it is read again when it changes, and each worker holds it in memory. Without it there are no places.',
    text,
    undefined,
  ),
  SESSION_ACTIVITY_INTERVAL: setting(
    'How often it is written down which sessions were used; the last activity of a session is written once a minute at the most.',
    duration({ atLeast: '1s', atMost: '1m' }),
    '30s',
  ),
  SESSION_RETENTION: setting('How long an ended session is kept.', duration({ atLeast: '0s', atMost: '365d' }), '30d'),
  EVENT_RETENTION: setting(
    'How long events are kept in the outbox.',
    duration({ atLeast: '1h', atMost: '365d' }),
    '30d',
  ),
  CLEAN_UP_INTERVAL: setting('The time between two clean-ups.', duration({ atLeast: '1s', atMost: '1d' }), '1m'),
  LOG_LEVEL: setting(
    'trace, debug, info, warn, error, fatal or silent. ValidateToken is logged at debug, other calls at info.',
    choice('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    'info',
  ),
} as const;

export type SettingName = keyof typeof settings;

type Value<S> = S extends { schema: z.ZodType<infer T, string>; fallback: infer F }
  ? F extends undefined
    ? T | undefined
    : T
  : never;

/** The settings in force, read once at start. Durations are milliseconds. */
export type Config = { readonly [K in SettingName]: Value<(typeof settings)[K]> };
