import { createHash } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import { getOption } from '@bufbuild/protobuf';
import { MethodOptions_IdempotencyLevel } from '@bufbuild/protobuf/wkt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Access } from '../../src/gen/auth/options/v1/access.ts';
import { roleHolder } from '../support/delegation.ts';
import { readServedRegistry } from '../support/served-registry.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

/** What the gateway must not have: by class, and what is no call of the contract. The test of the matrix has all methods. */
const HIDDEN = [
  '/accounts.v1.UsersAdminService/ListUsers',
  '/auth.v1.AuthService/ValidateToken',
  '/grpc.health.v1.Health/Check',
  '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
  '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo',
  '/envoy.service.auth.v3.Authorization/Check',
] as const;
const MOUNTED = '/auth.v1.KeysService/GetJwks';

const percent = (character: string) => `%${character.charCodeAt(0).toString(16)}`;

/** Other spellings of a path, which some router or proxy would take for the same. */
const SPELLINGS: Readonly<Record<string, (path: string) => string>> = {
  'as it is': (path) => path,
  'with a query': (path) => `${path}?connect=v1&encoding=json&message={}`,
  'with an empty query': (path) => `${path}?`,
  'as a query of a mounted one': (path) => `${MOUNTED}/?${path}`,
  'with a fragment': (path) => `${path}#x`,
  'with a slash behind': (path) => `${path}/`,
  'with two slashes in front': (path) => `/${path}`,
  'with two slashes inside': (path) => path.replace(/\/(?=[^/]*$)/, '//'),
  'behind a dot': (path) => `/.${path}`,
  'behind two dots': (path) => `/..${path}`,
  'out of a folder': (path) => `/x/..${path}`,
  'out of a mounted method': (path) => `${MOUNTED}/../..${path}`,
  'out of a mounted method, encoded': (path) => `${MOUNTED}/%2e%2e/%2e%2e${path}`,
  'out of a mounted method, with a semicolon': (path) => `${MOUNTED}/..;/..;${path}`,
  'with a parameter': (path) => `${path};x=1`,
  'with a backslash': (path) => path.replaceAll('/', '\\'),
  'with encoded slashes': (path) => path.replace(/(?<=.)\//, '%2F'),
  'with an encoded letter': (path) => path.replace(/[a-z]/, percent),
  'with all letters encoded': (path) => path.replace(/[a-z]/gi, percent),
  'encoded twice': (path) => path.replace(/[a-z]/, (letter) => percent(letter).replace('%', '%25')),
  'in upper case': (path) => path.toUpperCase(),
  'in lower case': (path) => path.toLowerCase(),
  'with a zero byte': (path) => `${path}%00`,
  'with a space behind': (path) => `${path}%20`,
  'with a broken escape': (path) => `${path}%zz`,
  'with a dot behind': (path) => `${path}.`,
  'with an extension': (path) => `${path}.json`,
  'with a host in front': (path) => `http://localhost${path}`,
  'with another host in front': (path) => `http://internal.example${path}`,
  'without a slash in front': (path) => path.slice(1),
};

const TYPES = ['application/json', 'application/proto', 'application/grpc-web+proto', 'application/grpc', 'text/plain'];

let database: TestDatabase;
let service: TestService;
/** Of somebody who may call everything, were it there. */
let headers: Record<string, string>;
beforeAll(async () => {
  database = await createTestDatabase();
  const secret = 'secret-of-the-orders-service';
  service = await startService({
    DATABASE_URL: database.serviceUrl,
    GATEWAY_ADDRESS: '127.0.0.1:0',
    REFLECTION: 'on',
    PUBLIC_CALLS_PER_MINUTE: '1000000',
    // At which nothing is left out.
    LOG_LEVEL: 'debug',
    SERVICE_CALLERS: JSON.stringify([
      { name: 'orders', secretSha256: createHash('sha256').update(secret).digest('hex') },
    ]),
  });
  const { tokens } = await roleHolder(service, database, 'superadmin');
  headers = { 'x-service-credential': `orders:${secret}`, authorization: `Bearer ${tokens.accessToken}` };
});
afterAll(async () => {
  await service?.stop();
  await database?.drop();
});

/** Sends the path as it is: what speaks URL would tidy it up. */
async function send(path: string, { method = 'POST', type = 'application/json', more = {} } = {}) {
  const { port } = new URL(service.gatewayUrl);
  const response = Promise.withResolvers<{ status: number; body: string }>();
  const request = httpRequest({
    ...{ host: '127.0.0.1', port, path, method, headers: { ...headers, 'content-type': type, ...more } },
    // Each by itself: an answer that closes the connection is none to the next request.
    agent: false,
  });
  request.once('error', response.reject);
  request.once('response', (message) => {
    text(message).then((body) => response.resolve({ status: message.statusCode ?? 0, body }), response.reject);
  });
  request.end(method === 'POST' && type === 'application/json' ? '{}' : undefined);
  return await response.promise;
}

/** Whether the chain of middleware has had calls since, whoever refused them: each leaves a line. */
const callsSince = (line: number) => service.logLines.slice(line).flatMap(({ method }) => (method ? [method] : []));

describe('What browsers may not call', () => {
  it('is more than twenty spellings of a path', () => {
    expect(Object.keys(SPELLINGS).length).toBeGreaterThan(20);
  });

  it.each(Object.entries(SPELLINGS))('is not there %s', async (_how, spell) => {
    const line = service.logLines.length;
    for (const hidden of HIDDEN) {
      for (const type of TYPES) {
        const { status, body } = await send(spell(hidden), { type });
        expect([400, 404], `${spell(hidden)} ${type}: ${body}`).toContain(status);
      }
    }
    expect(callsSince(line)).toEqual([]);
  });

  it.each(['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'])('is not there by %s', async (method) => {
    const line = service.logLines.length;
    for (const hidden of HIDDEN) {
      for (const path of [hidden, `${hidden}?connect=v1&encoding=json&message=%7B%7D`]) {
        expect((await send(path, { method })).status, `${method} ${path}`).toBe(404);
      }
    }
    expect(callsSince(line)).toEqual([]);
  });

  it('is not there by a header that names another path or method', async () => {
    const line = service.logLines.length;
    const [hidden] = HIDDEN;
    const names = [
      'x-original-url',
      'x-rewrite-url',
      'x-forwarded-uri',
      'x-envoy-original-path',
      'x-http-method-override',
    ];
    for (const more of [
      ...names.map((name) => ({ [name]: MOUNTED })),
      { 'x-verified-san': 'spiffe://internal/orders' },
    ]) {
      expect((await send(hidden, { more })).status, JSON.stringify(more)).toBe(404);
    }
    expect(callsSince(line)).toEqual([]);
    // And what is there cannot be made into what is not.
    for (const name of ['x-original-url', 'x-rewrite-url', 'x-http-method-override']) {
      await send(MOUNTED, { more: { [name]: hidden } });
    }
    expect(callsSince(line)).toEqual(Array(3).fill(expect.stringContaining('GetJwks')));
  });

  it('would be noticed: a mounted one answers, and leaves its line', async () => {
    const line = service.logLines.length;
    const { status, body } = await send(MOUNTED);
    expect(status).toBe(200);
    expect(JSON.parse(body)).toHaveProperty('keys');
    expect(callsSince(line)).toEqual([expect.stringContaining('GetJwks')]);
  });
});

describe('A method that changes something', async () => {
  const registry = await readServedRegistry();
  const rule = registry.getExtension('auth.options.v1.rule')!;
  const changing = [...registry]
    .flatMap((type) => (type.kind === 'service' ? type.methods : []))
    .filter((method) => method.idempotency !== MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS)
    .filter((method) => {
      const { access } = getOption(method, rule) as unknown as { access: Access };
      return access === Access.PUBLIC || access === Access.USER;
    })
    .map(({ parent, name }) => `/${parent.typeName}/${name}`);

  it('is one of many', () => {
    expect(changing.length).toBeGreaterThan(20);
  });

  // A link or an image in a page of anybody's is a GET with cookies.
  it.each(['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE'])('is called by no %s', async (method) => {
    const line = service.logLines.length;
    for (const path of changing) {
      for (const query of ['', '?connect=v1&encoding=json&message=%7B%7D', '?connect=v1&encoding=proto&message=']) {
        expect((await send(path + query, { method })).status, `${method} ${path}${query}`).toBe(405);
      }
    }
    expect(callsSince(line)).toEqual([]);
  });
});
