import { request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import type { Interceptor } from '@connectrpc/connect';
import { createConnectTransport, createGrpcWebTransport } from '@connectrpc/connect-node';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { RegisterRequest } from '../../src/gen/auth/v1/auth_service.ts';
import { AuthService } from '../../src/gen/web/auth/v1/auth_service_pb.js';
import { frame } from '../support/grpc-web-frames.ts';
import { newPerson } from '../support/people.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

const APP = 'https://app.example.com';

/** What is not one of the origins that are allowed, though much of it looks like one. */
const FOREIGN: [string, string | string[]][] = [
  ['null, of a sandboxed frame or a file', 'null'],
  ['another host', 'https://evil.test'],
  ['the allowed one as a prefix', `${APP}.evil.test`],
  ['the allowed one as a suffix', 'https://evilapp.example.com'],
  ['the allowed one as a suffix of a host', 'https://evil.test.app.example.com'],
  ['a subdomain', 'https://sub.app.example.com'],
  ['the parent', 'https://example.com'],
  ['a sibling', 'https://api.example.com'],
  ['another port', `${APP}:8443`],
  ['the default port, written out', `${APP}:443`],
  ['the port of plain HTTP', `${APP}:80`],
  ['another scheme', 'http://app.example.com'],
  ['WebSocket', 'wss://app.example.com'],
  ['a slash at the end', `${APP}/`],
  ['a path', `${APP}/login`],
  ['a query', `${APP}?`],
  ['a fragment', `${APP}#`],
  ['a dot at the end', `${APP}.`],
  ['upper case in the host', 'https://App.example.com'],
  ['upper case in the scheme', 'HTTPS://app.example.com'],
  ['a user', 'https://app.example.com@evil.test'],
  ['a user in front', 'https://evil@app.example.com'],
  ['an underscore', 'https://app_example.com'],
  ['a homograph, as browsers write it', 'https://xn--pp-nlc.example.com'],
  ['a homograph in bytes', Buffer.from('https://аpp.example.com').toString('latin1')],
  ['file', 'file://'],
  ['an extension', 'chrome-extension://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'],
  ['a star', '*'],
  ['nothing', ''],
  ['two in one', `${APP} https://evil.test`],
  ['two with a comma', `${APP}, https://evil.test`],
  ['two headers', [APP, 'https://evil.test']],
  ['the allowed one twice', [APP, APP]],
  ['no scheme', 'app.example.com'],
  ['two slashes', '//app.example.com'],
  ['a backslash', 'https:\\\\app.example.com'],
  ['a percent', 'https://app%2eexample.com'],
  ['a tab', 'https://app.example\t.com'],
  ['this machine at another port', 'http://localhost:1'],
  ['this machine without a port', 'http://localhost'],
  ['this machine by https', 'https://localhost'],
  ['this machine by another number', 'http://127.0.0.2'],
  ['this machine by a short number', 'http://127.1'],
  ['this machine, all of it', 'http://0.0.0.0'],
  ['IPv6, written out', 'http://[0:0:0:0:0:0:0:1]'],
  ['IPv6 of IPv4', 'http://[::ffff:127.0.0.1]'],
];
/** Of this machine: with the port of the gateway they differ by the name alone. */
const WITH_THE_PORT = /^http:\/\/(127\.0\.0\.2|127\.1|0\.0\.0\.0|\[.*\])$/;

let database: TestDatabase;
let service: TestService;
let port: number;
beforeAll(async () => {
  database = await createTestDatabase();
  service = await startService({
    DATABASE_URL: database.serviceUrl,
    REDIS_URL: inject('redisUrl'),
    GATEWAY_ADDRESS: '127.0.0.1:0',
    BROWSER_ORIGINS: `${APP},http://localhost:5173`,
    PUBLIC_CALLS_PER_MINUTE: '1000000',
  });
  port = Number(new URL(service.gatewayUrl).port);
});
afterAll(async () => {
  await service?.stop();
  await database?.drop();
});

type Answer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly text: string };

/** By hand: `fetch` lets nobody write the header `origin` as he likes. */
function send(
  method: string,
  path: string,
  headers: Readonly<Record<string, string | string[]>>,
  body: string | Uint8Array = '',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, method, path, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString(),
        }),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}

const REGISTER = '/auth.v1.AuthService/Register';
const LIST_ROLES = '/accounts.v1.AccountsService/ListRoles';
const ASKS = {
  'access-control-request-method': 'POST',
  'access-control-request-headers': 'content-type,authorization',
};
const person = () => RegisterRequest.encode(newPerson()).finish();

/** Every way in which a page can call. */
const WAYS: Readonly<Record<string, (origin: Record<string, string | string[]>) => Promise<Answer>>> = {
  preflight: (origin) => send('OPTIONS', REGISTER, { ...origin, ...ASKS }),
  'gRPC-web': (origin) =>
    send('POST', REGISTER, { ...origin, 'content-type': 'application/grpc-web' }, frame(person())),
  'gRPC-web-text': (origin) => {
    const headers = { ...origin, 'content-type': 'application/grpc-web-text' };
    return send('POST', REGISTER, headers, frame(person()).toString('base64'));
  },
  Connect: (origin) => send('POST', REGISTER, { ...origin, 'content-type': 'application/proto' }, person()),
  JSON: (origin) =>
    send('POST', REGISTER, { ...origin, 'content-type': 'application/json' }, JSON.stringify(newPerson())),
  // What a form can send without a preflight.
  'text/plain': (origin) =>
    send('POST', REGISTER, { ...origin, 'content-type': 'text/plain' }, JSON.stringify(newPerson())),
  GET: (origin) => send('GET', `${LIST_ROLES}?encoding=json&message={"interface":"customer"}`, origin),
};

const users = async () => (await database.query<{ n: number }>('select count(*)::int as n from accounts.users'))[0]?.n;
const audited = async () =>
  (await database.query<{ n: number }>('select count(*)::int as n from auth.audit_events'))[0]?.n;

describe.each(FOREIGN)('A page of a foreign origin: %s', (_, given) => {
  it.each(Object.entries(WAYS))('is refused by %s, and nothing is done', async (__, way) => {
    const origin = typeof given === 'string' && WITH_THE_PORT.test(given) ? `${given}:${port}` : given;
    const [usersBefore, eventsBefore, lines] = [await users(), await audited(), service.logLines.length];
    const { status, headers, text } = await way({ origin });
    expect(status).toBe(403);
    expect(JSON.parse(text)).toEqual({
      reason: 'ORIGIN_NOT_ALLOWED',
      message: 'Pages of this origin may not call.',
    });
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
    expect(headers.vary).toBe('origin');
    expect(headers['x-auth-reason']).toBe('ORIGIN_NOT_ALLOWED');
    expect([await users(), await audited()]).toEqual([usersBefore, eventsBefore]);
    // Told to the log, and by nothing that was executed. Lines of no call tell of what other services announce on the same Redis.
    expect(service.logLines.slice(lines).filter(({ msg }) => msg === 'call')).toEqual([
      {
        ...{ level: 40, time: expect.any(Number), msg: 'call' },
        method: expect.any(String),
        reason: 'ORIGIN_NOT_ALLOWED',
      },
    ]);
  });
});

describe('A page of an origin that is allowed', () => {
  const allowed = () => [
    ...[APP, 'http://localhost:5173'],
    ...['localhost', '127.0.0.1', '[::1]'].map((name) => `http://${name}:${port}`),
  ];

  it('is told so by the preflight, with all that it may send', async () => {
    for (const origin of allowed()) {
      const { status, headers } = await send('OPTIONS', REGISTER, { origin, ...ASKS });
      expect(status).toBe(204);
      expect(headers).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-allow-credentials': 'true',
        'access-control-allow-methods': 'POST,GET',
        'access-control-max-age': '7200',
        vary: expect.stringMatching(/origin/i),
      });
      const names = headers['access-control-allow-headers']?.toLowerCase().split(',') ?? [];
      for (const name of [
        ...[
          'content-type',
          'connect-protocol-version',
          'connect-timeout-ms',
          'grpc-timeout',
          'x-grpc-web',
          'x-user-agent',
        ],
        ...['authorization', 'accept-language', 'x-request-id', 'x-token-transport', 'dpop'],
      ]) {
        expect(names).toContain(name);
      }
    }
  });

  it('may call, and read what it needs of the answer', async () => {
    for (const origin of allowed()) {
      for (const [name, way] of Object.entries(WAYS)) {
        if (name === 'preflight' || name === 'text/plain') continue;
        const { status, headers } = await way({ origin });
        expect([name, status]).toEqual([name, 200]);
        expect(headers).toMatchObject({
          'access-control-allow-origin': origin,
          'access-control-allow-credentials': 'true',
          vary: expect.stringMatching(/origin/i),
        });
        const exposed = headers['access-control-expose-headers']?.toLowerCase().split(',') ?? [];
        expect(exposed).toEqual(
          expect.arrayContaining([
            'grpc-status',
            'grpc-message',
            'grpc-status-details-bin',
            'retry-after',
            'dpop-nonce',
            'x-auth-reason',
          ]),
        );
      }
    }
  });

  it('reads refusals, too', async () => {
    const { status, headers } = await send('POST', REGISTER, { origin: APP, 'content-type': 'application/json' }, '{');
    expect([status, headers['access-control-allow-origin']]).toEqual([400, APP]);
  });
});

describe('A refusal of the gateway itself', () => {
  it.each(['gRPC-web', 'Connect'])('tells a client of %s its reason in the metadata of the error', async (protocol) => {
    const create = protocol === 'Connect' ? createConnectTransport : createGrpcWebTransport;
    const setOrigin: Interceptor = (next) => (request) => {
      request.header.set('origin', 'https://evil.test');
      return next(request);
    };
    const transport = create({ baseUrl: service.gatewayUrl, httpVersion: '1.1', interceptors: [setOrigin] });
    const call = createClient(AuthService, transport).login({});
    const error = ConnectError.from(await call.catch((reason: unknown) => reason));
    expect([error.code, error.metadata.get('x-auth-reason')]).toEqual([Code.PermissionDenied, 'ORIGIN_NOT_ALLOWED']);
  });
});

describe('A path that is no call', () => {
  const MISSPELT = '/auth.v1.AuthService/Regster';
  const NO_CALLS = [
    ...[MISSPELT, '/auth.v1.AuthServices/Register', '/nothing'],
    // For services, for administrators.
    ...['/auth.v1.AuthService/ValidateToken', '/accounts.v1.UsersAdminService/ListUsers'],
  ];
  const TYPES = ['application/json', 'application/proto', 'application/grpc-web+proto'];
  const corsOf = (headers: IncomingHttpHeaders) =>
    Object.fromEntries(Object.entries(headers).filter(([name]) => /^(access-control-|vary$)/.test(name)));
  const withoutDate = ({ status, headers: { date: _, ...headers }, text }: Answer) => ({ status, headers, text });

  it('is told to a page that may call as what it is, not as an error of CORS', async () => {
    for (const path of NO_CALLS) {
      for (const type of TYPES) {
        const called = await send('POST', REGISTER, { origin: APP, 'content-type': type });
        const { status, headers, text } = await send('POST', path, { origin: APP, 'content-type': type }, '{}');
        expect([path, status, JSON.parse(text)]).toEqual([
          path,
          404,
          expect.objectContaining({ code: 'unimplemented' }),
        ]);
        expect(headers['access-control-allow-origin']).toBe(APP);
        expect(corsOf(headers)).toEqual(corsOf(called.headers));
      }
      const read = await send('GET', `${path}?encoding=json&message={}`, { origin: APP });
      expect([path, read.status, read.headers['access-control-allow-origin']]).toEqual([path, 404, APP]);
    }
  });

  it('lets a page that may call ask, so that it gets to hear it', async () => {
    const called = await send('OPTIONS', REGISTER, { origin: APP, ...ASKS });
    for (const path of NO_CALLS) {
      const { status, headers } = await send('OPTIONS', path, { origin: APP, ...ASKS });
      expect([path, status]).toEqual([path, 204]);
      expect(headers['access-control-allow-origin']).toBe(APP);
      expect(corsOf(headers)).toEqual(corsOf(called.headers));
    }
  });

  it('tells nobody which of them there are elsewhere', async () => {
    const asks = TYPES.map((type): [string, object] => ['POST', { 'content-type': type }]);
    for (const origin of [{ origin: APP }, { origin: 'https://evil.test' }, {}]) {
      for (const [method, more] of [['OPTIONS', ASKS] as const, ...asks]) {
        const ask = async (path: string) => withoutDate(await send(method, path, { ...origin, ...more }));
        const misspelt = await ask(MISSPELT);
        for (const path of NO_CALLS) expect(await ask(path)).toEqual(misspelt);
      }
    }
  });

  it.each([{ origin: 'https://evil.test' }, { origin: 'null' }, {}])('is nothing to others: %o', async (origin) => {
    const lines = service.logLines.length;
    for (const path of NO_CALLS) {
      for (const method of ['POST', 'OPTIONS']) {
        const { status, headers } = await send(method, path, { ...origin, ...(method === 'OPTIONS' ? ASKS : {}) });
        expect([path, method, status]).toEqual([path, method, 404]);
        expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
      }
    }
    expect(service.logLines.slice(lines).filter(({ msg }) => msg === 'call')).toEqual([]);
  });

  it('gives no page of another origin the files of the account page', async () => {
    const { headers } = await send('GET', '/login', { origin: APP, accept: 'text/html' });
    expect(headers['access-control-allow-origin']).toBeUndefined();
  });
});

describe('Without an origin', () => {
  it('programs call as they like, and hear nothing of CORS but that answers differ by origin', async () => {
    for (const [name, way] of Object.entries(WAYS)) {
      if (name === 'preflight' || name === 'text/plain') continue;
      const { status, headers } = await way({});
      expect([name, status]).toEqual([name, 200]);
      expect(headers['access-control-allow-origin']).toBeUndefined();
      expect(headers.vary).toMatch(/origin/i);
    }
  });
});

describe('With GATEWAY_URL', () => {
  it('its origin may call, and the names of the machine may not', async () => {
    const proxied = await startService({
      DATABASE_URL: database.serviceUrl,
      GATEWAY_ADDRESS: '127.0.0.1:0',
      GATEWAY_URL: 'https://auth.example.com',
    });
    const before = port;
    port = Number(new URL(proxied.gatewayUrl).port);
    try {
      const statusOf = async (origin: string) => (await WAYS['GET']?.({ origin }))?.status;
      expect(await statusOf('https://auth.example.com')).toBe(200);
      for (const origin of [
        `http://localhost:${port}`,
        `http://127.0.0.1:${port}`,
        APP,
        'https://auth.example.com:443',
      ]) {
        expect(await statusOf(origin)).toBe(403);
      }
    } finally {
      port = before;
      await proxied.stop();
    }
  });
});

describe('Documents', () => {
  it.each(['/.well-known/jwks.json', '/.well-known/openid-configuration'])(
    '%s is for pages of all origins',
    async (path) => {
      for (const origin of ['https://evil.test', 'null', APP, '']) {
        const { status, headers } = await send('GET', path, { origin });
        expect([origin, status, headers['access-control-allow-origin']]).toEqual([origin, 200, '*']);
        expect(headers['access-control-allow-credentials']).toBeUndefined();
      }
    },
  );
});
