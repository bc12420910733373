import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { LoginRequest } from '../../src/gen/auth/v1/auth_service.ts';
import { frame } from '../support/grpc-web-frames.ts';
import { register } from '../support/people.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { problemOf } from '../support/validation.ts';

const LOGIN = '/auth.v1.AuthService/Login';
const REGISTER = '/auth.v1.AuthService/Register';
const LOGOUT = '/auth.v1.AuthService/Logout';
/** A password that must not be seen again. */
const SECRET = `hunter2-${randomUUID()}`;
/** The same as digits, for fields that are no texts. */
const DIGITS = '4839201746';

/** A method, a body, and the field that is named as the one that cannot be read. */
const BODIES: [string, string, string | Buffer, string | undefined][] = [
  ['an object for a text', LOGIN, `{"login":"a","password":{"of":"${SECRET}"}}`, 'auth.v1.LoginRequest.password'],
  ['a list for a text', LOGIN, `{"login":"a","password":["${SECRET}"]}`, 'auth.v1.LoginRequest.password'],
  ['a number for a text', LOGIN, `{"login":"a","password":${DIGITS}}`, 'auth.v1.LoginRequest.password'],
  ['a text in a text', LOGIN, `{"login":{"${SECRET}":1},"password":"b"}`, 'auth.v1.LoginRequest.login'],
  ['a text for a message', REGISTER, `{"profile":"${SECRET}"}`, undefined],
  ['a text for a list', REGISTER, `{"groupNames":"${SECRET}"}`, 'auth.v1.RegisterRequest.group_names'],
  [
    'an object in a list of texts',
    REGISTER,
    `{"groupNames":[{"a":"${SECRET}"}]}`,
    'auth.v1.RegisterRequest.group_names',
  ],
  ['a field that stands there twice', LOGIN, `{"login":"a","password":"x","password":"${SECRET}"}`, undefined],
  ['half of it', LOGIN, `{"login":"a","password":"${SECRET}`, undefined],
  ['something behind it', LOGIN, `{"login":"a","password":"${SECRET}"} ${SECRET}`, undefined],
  ['a text alone', LOGIN, `"${SECRET}"`, undefined],
  ['a list', LOGIN, `["a","${SECRET}"]`, undefined],
  ['null', LOGIN, 'null', undefined],
  ['a form', LOGIN, `login=a&password=${SECRET}`, undefined],
  ['names without quotes', LOGIN, `{login:"a",password:"${SECRET}"}`, undefined],
  ['single quotes', LOGIN, `{'login':'a','password':'${SECRET}'}`, undefined],
  ['an escape that there is not', LOGIN, `{"login":"a","password":"\\x${SECRET}"}`, undefined],
  ['a control character', LOGIN, `{"login":"a","password":"\u0001${SECRET}"}`, undefined],
  ['UTF-16', LOGIN, Buffer.from(`{"login":"a","password":"${SECRET}"}`, 'utf16le'), undefined],
  ['a NUL in front', LOGIN, `\0{"login":"a","password":"${SECRET}"}`, undefined],
  ['a comment', LOGIN, `{"login":"a",/* ${SECRET} */"password":"b"}`, undefined],
  ['nothing', LOGIN, '', undefined],
  ['a field that there is not', LOGIN, `{"login":"a","passwort":"${SECRET}"}`, 'auth.v1.LoginRequest.passwort'],
  ['a field in capitals', LOGIN, `{"Login":"${SECRET}"}`, 'auth.v1.LoginRequest.Login'],
  ['a field in a name of 64 characters', LOGIN, `{"${'a'.repeat(64)}":""}`, `auth.v1.LoginRequest.${'a'.repeat(64)}`],
  ['a field in a longer name', LOGIN, `{"${'a'.repeat(65)}":"${SECRET}"}`, undefined],
  ['a field in a name of 1 MB', LOGIN, `{"${'a'.repeat(1e6)}":"${SECRET}"}`, undefined],
  ['a field in a name of two lines', LOGIN, `{"a\\n${SECRET}\\nkey \\"b":"${SECRET}"}`, undefined],
  ['a field in no name', LOGIN, `{"":"${SECRET}"}`, undefined],
  ['a field in a name of other letters', LOGIN, `{"p\u0430ssword":"${SECRET}"}`, undefined],
  ['a text that looks like our words', LOGIN, `"key \\"${DIGITS}\\" is unknown"`, undefined],
  ['a value that an enum has not', LOGOUT, `{"scope":"${SECRET}"}`, 'auth.v1.LogoutScope'],
  ['a number that is none of an enum', LOGOUT, `{"scope":${DIGITS}}`, 'auth.v1.LogoutRequest.scope'],
  ['a field whose name is a secret', LOGIN, `{"login":"a","${SECRET}":"b"}`, undefined],
  ['too deep', REGISTER, `{"profile":${'{"a":'.repeat(150)}"${SECRET}"${'}'.repeat(150)}}`, undefined],
];

const LOGIN_BYTES = LoginRequest.encode(LoginRequest.fromPartial({ login: 'a', password: SECRET })).finish();
const HALF = LOGIN_BYTES.subarray(0, -1);

/** One whose frame has a length that can be divided by 4. */
const EVEN_LOGIN = LoginRequest.encode(
  LoginRequest.fromPartial({ login: 'a'.repeat(4 - ((LOGIN_BYTES.length + 4) % 4)), password: SECRET }),
).finish();
/** Each byte as a piece of base64 of its own. */
function padded(bytes: Uint8Array, padding: string): Buffer {
  return Buffer.from([...bytes].map((byte) => Buffer.of(byte).toString('base64').slice(0, 2) + padding).join(''));
}

/** Content type, body, headers. */
const BINARY: [string, string, Uint8Array, Record<string, string>][] = [
  ['half a message', 'application/proto', HALF, {}],
  ['half a message', 'application/grpc-web+proto', frame(HALF), {}],
  ['half a message', 'application/grpc-web', frame(HALF), {}],
  ['half a message', 'application/grpc-web-text', Buffer.from(frame(HALF).toString('base64')), {}],
  ['half a frame', 'application/grpc-web+proto', frame(LOGIN_BYTES).subarray(0, -3), {}],
  ['no frame', 'application/grpc-web+proto', new Uint8Array(), {}],
  ['no frame but a message', 'application/grpc-web+proto', LOGIN_BYTES, {}],
  ['two frames', 'application/grpc-web+proto', Buffer.concat([frame(LOGIN_BYTES), frame(LOGIN_BYTES)]), {}],
  ['a frame of trailers', 'application/grpc-web+proto', frame(LOGIN_BYTES, 0x80), {}],
  ['a frame that says it is compressed', 'application/grpc-web+proto', frame(LOGIN_BYTES, 1), {}],
  ['a text that is not base64', 'application/grpc-web-text', Buffer.from(`****${SECRET}`), {}],
  ['base64 whose pieces are no whole ones', 'application/grpc-web-text', padded(frame(EVEN_LOGIN), '='), {}],
  [
    'base64 with padding in front',
    'application/grpc-web-text',
    Buffer.from(`====${frame(LOGIN_BYTES).toString('base64')}`),
    {},
  ],
  [
    'base64 with padding behind',
    'application/grpc-web-text',
    padded(Buffer.concat([frame(LOGIN_BYTES)]), '======'),
    {},
  ],
  ['half a base64', 'application/grpc-web-text', Buffer.from(frame(LOGIN_BYTES).toString('base64').slice(0, -1)), {}],
  ['a text that says it is compressed', 'application/proto', LOGIN_BYTES, { 'content-encoding': 'gzip' }],
  ['an unknown compression', 'application/proto', LOGIN_BYTES, { 'content-encoding': SECRET }],
  ['an unknown compression', 'application/grpc-web+proto', frame(LOGIN_BYTES), { 'grpc-encoding': SECRET }],
  ['half a gzip', 'application/proto', gzipSync(LOGIN_BYTES).subarray(0, -9), { 'content-encoding': 'gzip' }],
  ['a timeout that is none', 'application/proto', LOGIN_BYTES, { 'connect-timeout-ms': SECRET }],
  ['a timeout that is none', 'application/grpc-web+proto', frame(LOGIN_BYTES), { 'grpc-timeout': `1${SECRET}` }],
];

/** A message that is small when packed, and large when not. */
const BOMB = gzipSync(Buffer.alloc(64 * 1024 * 1024, 'a'));
const LARGE = Buffer.alloc(1024 * 1024 + 1, 'a');
const TOO_LARGE: [string, string, Uint8Array, Record<string, string>][] = [
  ['a message above 1 MiB', 'application/json', LARGE, {}],
  ['a message above 1 MiB', 'application/proto', LARGE, {}],
  ['a message above 1 MiB', 'application/grpc-web', frame(LARGE), {}],
  ['a zip bomb', 'application/json', BOMB, { 'content-encoding': 'gzip' }],
  ['a zip bomb', 'application/proto', BOMB, { 'content-encoding': 'gzip' }],
  ['a zip bomb', 'application/grpc-web', frame(BOMB, 1), { 'grpc-encoding': 'gzip' }],
];

describe('What no protocol can read', () => {
  let database: TestDatabase;
  let service: TestService;
  const printed = vi.fn();

  beforeAll(async () => {
    for (const method of ['log', 'warn', 'error'] as const) vi.spyOn(console, method).mockImplementation(printed);
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => (printed(String(text)), true));
    database = await createTestDatabase();
    service = await startService({
      DATABASE_URL: database.serviceUrl,
      REDIS_URL: inject('redisUrl'),
      GATEWAY_ADDRESS: '127.0.0.1:0',
      PUBLIC_CALLS_PER_MINUTE: '1000000',
      LOG_LEVEL: 'debug',
    });
  });
  beforeEach(() => {
    service.logLines.length = 0;
    printed.mockClear();
  });
  afterAll(async () => {
    await service?.stop();
    await database?.drop();
    vi.restoreAllMocks();
  });

  async function post(path: string, type: string, body: string | Uint8Array, headers: Record<string, string> = {}) {
    const response = await fetch(service.gatewayUrl + path, {
      method: 'POST',
      headers: { 'content-type': type, ...headers },
      body: typeof body === 'string' ? body : Buffer.from(body),
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    const text = type.includes('grpc-web-text') ? fromBase64(bytes.toString()) : bytes.toString('latin1');
    // Details travel in base64, some of them in frames: all of them are looked into.
    const hidden = (text.match(/[A-Za-z0-9+/]{8,}={0,2}/g) ?? []).map((part) =>
      Buffer.from(part, 'base64').toString('latin1'),
    );
    return { status: response.status, headers: response.headers, text, seen: [text, ...hidden].join('\n') };
  }

  /** Told to the caller and to the log, once each, in our words. */
  function expectToldAsMalformed(seen: string, path: string) {
    expect(seen).toContain('The bytes are not a message of the request type.');
    expect(seen).toContain('MALFORMED_MESSAGE');
    expect(seen).toContain('auth-service');
    expect(seen).not.toContain(SECRET);
    expect(seen).not.toContain(DIGITS);
    const calls = service.logLines.filter(({ msg }) => msg === 'call');
    expect(calls).toEqual([
      {
        ...{ level: 30, time: expect.any(Number), msg: 'call', method: path, requestId: expect.any(String) },
        ...{ status: 'INVALID_ARGUMENT', reason: 'MALFORMED_MESSAGE', milliseconds: expect.any(Number) },
      },
    ]);
    expect(JSON.stringify(service.logLines)).not.toMatch(new RegExp(`${SECRET}|${DIGITS}`));
    expect(printed).not.toHaveBeenCalled();
  }

  describe.each(BODIES)('JSON: %s', (_, path, body, field) => {
    it('is MALFORMED_MESSAGE in Connect, with the name of the field and never its value', async () => {
      const { status, seen, text } = await post(path, 'application/json', body);
      expect(status).toBe(400);
      expectToldAsMalformed(seen, path);
      const { code, details } = JSON.parse(text) as { code: string; details: { debug: object }[] };
      expect(code).toBe('invalid_argument');
      expect(details.map(({ debug }) => debug)).toEqual([
        { reason: 'MALFORMED_MESSAGE', domain: 'auth-service', ...(field && { metadata: { field } }) },
      ]);
    });

    it('and in gRPC-web', async () => {
      const { status, seen, text } = await post(path, 'application/grpc-web+json', frame(Buffer.from(body)));
      expect(status).toBe(200);
      expectToldAsMalformed(seen, path);
      expect(text).toContain('grpc-status: 3\r\n');
      if (field) expect(seen).toContain(field);
    });
  });

  it.each(BINARY)('%s as %s is MALFORMED_MESSAGE', async (_, type, body, headers) => {
    const { status, seen } = await post(LOGIN, type, body, headers);
    expect(status).toBe(type.startsWith('application/grpc-web') ? 200 : 400);
    expectToldAsMalformed(seen, LOGIN);
  });

  it.each(TOO_LARGE)('%s as %s is refused with the limit', async (_, type, body, headers) => {
    const { seen } = await post(LOGIN, type, body, headers);
    expectToldAsMalformed(seen, LOGIN);
    expect(seen).toContain('1048576 bytes');
  });

  it('and base64 in many pieces is read', async () => {
    const { seen } = await post(LOGIN, 'application/grpc-web-text', padded(frame(LOGIN_BYTES), '=='));
    expect(seen).toContain('CREDENTIALS_INVALID');
  });

  it('a message above 1 MiB whose length nobody has said is answered, too', async () => {
    const body = new ReadableStream({
      start(controller) {
        for (let count = 0; count < 20; count += 1) controller.enqueue(new Uint8Array(100_000));
        controller.close();
      },
    });
    const response = await fetch(service.gatewayUrl + LOGIN, {
      method: 'POST',
      headers: { 'content-type': 'application/proto' },
      body,
      duplex: 'half',
    } as RequestInit);
    expectToldAsMalformed(await response.text(), LOGIN);
  });

  it('a type of content that no protocol has is 415, with the reason', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'application/grpc',
      '',
    ]) {
      service.logLines.length = 0;
      const { status, headers, text } = await post(LOGIN, type, `{"login":"a","password":"${SECRET}"}`);
      expect([type, status, headers.get('x-auth-reason')]).toEqual([type, 415, 'MALFORMED_MESSAGE']);
      expect(JSON.parse(text)).toEqual({
        reason: 'MALFORMED_MESSAGE',
        message: 'The bytes are not a message of the request type.',
      });
      expect(service.logLines.filter(({ msg }) => msg === 'call')).toMatchObject([
        { method: LOGIN, reason: 'MALFORMED_MESSAGE' },
      ]);
      expect(JSON.stringify(service.logLines)).not.toContain(SECRET);
    }
  });

  it('other methods of HTTP are 405, and say which there are', async () => {
    for (const method of ['PUT', 'DELETE', 'PATCH', 'HEAD', 'PROPFIND']) {
      const response = await fetch(service.gatewayUrl + LOGIN, { method });
      expect([method, response.status, response.headers.get('allow')]).toEqual([method, 405, 'POST']);
    }
    // One that may be read.
    const roles = `${service.gatewayUrl}/accounts.v1.AccountsService/ListRoles`;
    expect((await fetch(roles, { method: 'PUT' })).headers.get('allow')).toBe('GET, POST');
    // One that may not.
    const response = await fetch(`${service.gatewayUrl}${LOGIN}?encoding=json&message={"login":"a"}`);
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
  });

  it('a timeout that no timer can hold is none', async () => {
    const endless: [string, Uint8Array, Record<string, string>][] = [
      ['application/proto', LOGIN_BYTES, { 'connect-timeout-ms': '9999999999' }],
      ['application/grpc-web', frame(LOGIN_BYTES), { 'grpc-timeout': '99999999H' }],
    ];
    for (const [type, body, headers] of endless) {
      const { seen } = await post(LOGIN, type, body, headers);
      expect(seen).toContain('CREDENTIALS_INVALID');
    }
    expect(printed).not.toHaveBeenCalled();
  });

  it('a misspelt name in JSON, of a field or of a value, ends no session', async () => {
    const { tokens } = await register(service);
    const headers = { authorization: `Bearer ${tokens.accessToken}` };
    for (const body of ['{"Scope":3}', '{"scope":"OTHER_SESSIONS"}', '{"scope":"LOGOUT_SCOPE_OTHER_SESSION"}']) {
      const { seen } = await post(LOGOUT, 'application/json', body, headers);
      expect(seen).toContain('MALFORMED_MESSAGE');
      expect(seen).not.toContain('OTHER_SESSION');
    }
    expect(await problemOf(service, tokens.accessToken)).toBeNull();
  });

  it('the service goes on as before', async () => {
    await register(service);
    expect(printed).not.toHaveBeenCalled();
  });
});

const fromBase64 = (text: string) =>
  (text.match(/[^=]+=*/g) ?? []).map((piece) => Buffer.from(piece, 'base64').toString('latin1')).join('');
