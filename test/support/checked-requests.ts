import { roleHolder } from './delegation.ts';
import { bearer } from './people.ts';
import type { Clients } from './service.ts';
import { decodeUnverified, signJws, signingKeyOf } from './signing.ts';
import type { TestDatabase } from './test-database.ts';

/** What a proxy has got, and what its configuration says of the route. */
export type Asked = {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly options?: Readonly<Record<string, string>>;
};

/** What the service behind would be told, or how the client is refused. */
export type Seen =
  | { readonly status: 200; readonly identity: Readonly<Record<string, string>> }
  | { readonly status: number; readonly reason: string; readonly challenge: string | undefined };

type CheckedRequest = readonly [name: string, asked: Asked, seen: Seen];

export const ALLOWED_PAGE = 'https://app.example.com';
const COOKIE = '__Host-access_token';

/** People whose tokens a request may show. */
export async function holders(clients: Pick<Clients, 'auth'>, database: Pick<TestDatabase, 'query'>) {
  const manager = await roleHolder(clients, database, 'manager', 'customer');
  const driver = await roleHolder(clients, database, 'driver');
  const roleless = await roleHolder(clients, database);
  const ended = await roleHolder(clients, database, 'driver');
  await clients.auth.logout({}, bearer(ended.tokens.accessToken));
  const key = await signingKeyOf(database);
  const { header, payload } = decodeUnverified(driver.tokens.accessToken);
  const now = Math.floor(Date.now() / 1000);
  const signed = (claims: object) => signJws(key, header, { ...payload, ...claims });
  return {
    manager,
    driver,
    roleless,
    ended: ended.tokens.accessToken,
    expired: signed({ iat: now - 700, exp: now - 100 }),
    /** A name of a role that the database would not take, as it would be two in a list. */
    oddRoles: signed({ roles: ['driver', 'customer,superadmin', 'ключ', 'a\r\nx-user-id: 1'] }),
  };
}

export type Holders = Awaited<ReturnType<typeof holders>>;

const authorization = (token: string) => ({ authorization: `Bearer ${token}` });
const cookie = (...values: string[]) => ({
  cookie: ['a=1', ...values.map((value) => `${COOKIE}=${value}`), 'b=2'].join('; '),
});
const refused = (status: number, reason: string, challenge?: string): Seen => ({ status, reason, challenge });
const bad = (reason: string) => refused(401, reason, 'invalid_token');
const MISSING = refused(401, 'TOKEN_MISSING', '');
const MISCONFIGURED = refused(500, 'ROUTE_MISCONFIGURED');
const FOREIGN = refused(403, 'ORIGIN_NOT_ALLOWED');
const UNPRIVILEGED = refused(403, 'ROLE_REQUIRED', 'insufficient_scope');

const FORGED = {
  'x-user-id': '00000000-0000-4000-8000-000000000000',
  'x-session-id': 'forged',
  'x-user-roles': 'superadmin',
  'x-auth-revision': '999999999',
};

const UNKNOWN_OPTIONS: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['an option that there is not', { require_roles: 'manager' }],
  ['an option in another spelling', { Anonymous: 'allowed' }],
  ['an empty name of an option', { '': '' }],
  ['no roles', { required_roles: '' }],
  ['an empty role', { required_roles: 'manager,' }],
  ['a role in capitals', { required_roles: 'Manager' }],
  ['roles divided otherwise', { required_roles: 'manager;support' }],
  ['anonymous: yes', { anonymous: 'yes' }],
  ['anonymous: empty', { anonymous: '' }],
  ['strangers and roles', { anonymous: 'allowed', required_roles: 'manager' }],
];

/** Who passes and who does not: one table for all ways to ask. */
export function checkedRequests({ manager, driver, roleless, ended, expired, oddRoles }: Holders): CheckedRequest[] {
  const identityOf = ({ userId, sessionId }: typeof driver, ...roles: string[]) => ({
    'x-user-id': userId,
    'x-session-id': sessionId,
    ...(roles.length > 0 ? { 'x-user-roles': roles.join(',') } : {}),
  });
  const live = driver.tokens.accessToken;
  const asDriver: Seen = { status: 200, identity: identityOf(driver, 'driver') };
  const asManager: Seen = { status: 200, identity: identityOf(manager, 'customer', 'manager') };
  const asNobody: Seen = { status: 200, identity: {} };
  const anonymous = { anonymous: 'allowed' };
  const page = { origin: ALLOWED_PAGE };
  const evil = { origin: 'https://evil.example' };

  return [
    ['no token', {}, MISSING],
    ['forged headers and no token', { headers: FORGED }, MISSING],
    ['a live token', { headers: authorization(live) }, asDriver],
    ['a live token and forged headers', { headers: { ...FORGED, ...authorization(live) } }, asDriver],
    ['the scheme in small letters', { headers: { authorization: `bearer ${live}` } }, asDriver],
    [
      'a live token with POST, from anywhere',
      { method: 'POST', headers: { ...authorization(live), ...evil } },
      asDriver,
    ],
    [
      'somebody without roles',
      { headers: authorization(roleless.tokens.accessToken) },
      { status: 200, identity: identityOf(roleless) },
    ],
    [
      'somebody without roles who forges some',
      { headers: { ...FORGED, ...authorization(roleless.tokens.accessToken) } },
      { status: 200, identity: identityOf(roleless) },
    ],
    ['roles that no list can carry', { headers: authorization(oddRoles) }, asDriver],

    ['a revoked token', { headers: authorization(ended) }, bad('TOKEN_REVOKED')],
    ['an expired token', { headers: authorization(expired) }, bad('TOKEN_EXPIRED')],
    ['garbage', { headers: authorization('garbage') }, bad('TOKEN_MALFORMED')],
    ['another scheme', { headers: { authorization: 'Basic YTpi' } }, bad('TOKEN_MALFORMED')],
    ['an empty header', { headers: { authorization: '' } }, bad('TOKEN_MALFORMED')],
    [
      'two tokens in a header',
      { headers: { authorization: `Bearer ${live}, Bearer ${live}` } },
      bad('TOKEN_MALFORMED'),
    ],
    ['a token of 9 000 characters', { headers: authorization('a'.repeat(9000)) }, bad('TOKEN_MALFORMED')],

    ['nobody on an anonymous route', { options: anonymous }, asNobody],
    ['forged headers on an anonymous route', { options: anonymous, headers: FORGED }, asNobody],
    ['a live token on an anonymous route', { options: anonymous, headers: authorization(live) }, asDriver],
    [
      'a revoked token on an anonymous route',
      { options: anonymous, headers: authorization(ended) },
      bad('TOKEN_REVOKED'),
    ],
    [
      'garbage on an anonymous route',
      { options: anonymous, headers: authorization('garbage') },
      bad('TOKEN_MALFORMED'),
    ],

    [
      'a role of several',
      { options: { required_roles: 'support, manager' }, headers: authorization(manager.tokens.accessToken) },
      asManager,
    ],
    [
      'none of the roles',
      { options: { required_roles: 'manager,support' }, headers: authorization(live) },
      UNPRIVILEGED,
    ],
    [
      'no role where one is needed',
      { options: { required_roles: 'driver' }, headers: authorization(roleless.tokens.accessToken) },
      UNPRIVILEGED,
    ],
    [
      'a part of the name of a role',
      { options: { required_roles: 'drive' }, headers: authorization(live) },
      UNPRIVILEGED,
    ],
    [
      'a role that a client claims',
      { options: { required_roles: 'superadmin' }, headers: { ...FORGED, ...authorization(live) } },
      UNPRIVILEGED,
    ],
    [
      'a role in a name of a role',
      { options: { required_roles: 'superadmin' }, headers: authorization(oddRoles) },
      UNPRIVILEGED,
    ],
    ['no token where a role is needed', { options: { required_roles: 'manager' } }, MISSING],

    ['a cookie', { headers: cookie(live) }, asDriver],
    ['a cookie with HEAD', { method: 'HEAD', headers: cookie(live) }, asDriver],
    ['a cookie with OPTIONS', { method: 'OPTIONS', headers: cookie(live) }, asDriver],
    ['a cookie with POST from an allowed page', { method: 'POST', headers: { ...cookie(live), ...page } }, asDriver],
    ['a cookie with POST and no origin', { method: 'POST', headers: cookie(live) }, FOREIGN],
    ['a cookie with DELETE and no origin', { method: 'DELETE', headers: cookie(live) }, FOREIGN],
    ['a cookie with a method that nobody knows', { method: 'get', headers: cookie(live) }, FOREIGN],
    ['a cookie with POST from a foreign page', { method: 'POST', headers: { ...cookie(live), ...evil } }, FOREIGN],
    ['a cookie with POST from a sandbox', { method: 'POST', headers: { ...cookie(live), origin: 'null' } }, FOREIGN],
    [
      'a cookie with POST from the page written otherwise',
      { method: 'POST', headers: { ...cookie(live), origin: `${ALLOWED_PAGE}/` } },
      FOREIGN,
    ],
    ['a cookie with GET from a foreign page, as for a WebSocket', { headers: { ...cookie(live), ...evil } }, FOREIGN],
    [
      'a cookie with POST on an anonymous route',
      { method: 'POST', options: anonymous, headers: cookie(live) },
      FOREIGN,
    ],
    ['a revoked token in a cookie', { headers: cookie(ended) }, bad('TOKEN_REVOKED')],
    ['an empty cookie', { headers: cookie('') }, bad('TOKEN_MALFORMED')],
    ['two such cookies', { headers: cookie(live, live) }, bad('TOKEN_MALFORMED')],
    ['cookies of other names', { headers: { cookie: `access_token=${live}; X__Host-access_token=${live}` } }, MISSING],
    [
      'a header beside a cookie',
      { method: 'POST', headers: { ...cookie('garbage'), ...authorization(live) } },
      asDriver,
    ],
    [
      'a bad header beside a good cookie',
      { headers: { ...cookie(live), ...authorization('garbage') } },
      bad('TOKEN_MALFORMED'),
    ],

    ...UNKNOWN_OPTIONS.flatMap(([name, options]): CheckedRequest[] => [
      [`${name}, with a live token`, { options, headers: authorization(live) }, MISCONFIGURED],
      [`${name}, without a token`, { options }, MISCONFIGURED],
    ]),
  ];
}
