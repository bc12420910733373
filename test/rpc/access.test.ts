import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createFileRegistry, fromBinary, getOption } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { Metadata } from 'nice-grpc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Access } from '../../src/gen/auth/options/v1/access.ts';
import { bearer, register, tokensOf } from '../support/people.ts';
import { createRawCaller } from '../support/raw-call.ts';
import type { RawCaller } from '../support/raw-call.ts';
import { refusalOf } from '../support/refusal.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { openSession } from '../support/sessions.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { addUser } from '../sql/functions/scene.ts';

type Method = {
  readonly path: string;
  readonly access: Access;
  readonly needsRecentLogin: boolean;
  readonly isServerStream: boolean;
};

/** Every method of our proto files with its class, read from what buf has compiled: a new rpc is in the table by itself. */
async function readMethods(): Promise<Method[]> {
  const bytes = await readFile(new URL('../../src/gen/descriptors.binpb', import.meta.url));
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, bytes));
  const rule = registry.getExtension('auth.options.v1.rule');
  if (!rule) throw new Error('There is no access option.');
  const services = [...registry].filter((type) => type.kind === 'service');
  return services.flatMap((service) =>
    service.methods.map((method) => {
      const option = getOption(method, rule) as unknown as { access: Access; needsRecentLogin: boolean };
      const { access, needsRecentLogin } = option;
      const isServerStream = method.methodKind === 'server_streaming';
      return { path: `/${service.typeName}/${method.name}`, access, needsRecentLogin, isServerStream };
    }),
  );
}

const methods = await readMethods();
const nameOf = (access: Access) => Object.entries(Access).find(([, value]) => value === access)?.[0] ?? 'no class';

const CALLERS = [
  'nobody',
  'a user',
  'a service',
  'a wrong credential',
  'a dead token',
  'a user behind a service',
  'a superadmin',
] as const;
type Who = (typeof CALLERS)[number];

/** The one table of who may call what: a caller who is let through, or the reason why he is not. */
const TABLE: { readonly [A in Access]?: { readonly [W in Who]: string } } = {
  [Access.PUBLIC]: {
    nobody: 'let through',
    'a user': 'let through',
    'a service': 'let through',
    'a wrong credential': 'let through',
    'a dead token': 'TOKEN_REVOKED',
    'a user behind a service': 'let through',
    'a superadmin': 'let through',
  },
  [Access.USER]: {
    nobody: 'TOKEN_MISSING',
    'a user': 'let through',
    'a service': 'TOKEN_MISSING',
    'a wrong credential': 'TOKEN_MISSING',
    'a dead token': 'TOKEN_REVOKED',
    'a user behind a service': 'let through',
    'a superadmin': 'let through',
  },
  [Access.SERVICE]: {
    nobody: 'SERVICE_IDENTITY_REQUIRED',
    'a user': 'SERVICE_IDENTITY_REQUIRED',
    'a service': 'let through',
    'a wrong credential': 'SERVICE_IDENTITY_REQUIRED',
    'a dead token': 'SERVICE_IDENTITY_REQUIRED',
    'a user behind a service': 'let through',
    'a superadmin': 'SERVICE_IDENTITY_REQUIRED',
  },
  [Access.ADMIN]: {
    nobody: 'TOKEN_MISSING',
    'a user': 'PERMISSION_REQUIRED',
    'a service': 'TOKEN_MISSING',
    'a wrong credential': 'TOKEN_MISSING',
    'a dead token': 'TOKEN_REVOKED',
    'a user behind a service': 'PERMISSION_REQUIRED',
    'a superadmin': 'let through',
  },
};

/** Methods that do not look at an access token: a client may attach its own, expired or revoked, out of habit. */
const WITH_A_CREDENTIAL_OF_THEIR_OWN = new Set([
  ...['Register', 'Login', 'Refresh', 'StartCodeLogin', 'FinishCodeLogin', 'StartGuestSession'].map(
    (name) => `/auth.v1.AuthService/${name}`,
  ),
  ...['StartRegistration', 'CheckRegistration', 'FinishRegistration'].map(
    (name) => `/auth.v1.RegistrationService/${name}`,
  ),
  ...['StartPasswordReset', 'FinishPasswordReset'].map((name) => `/auth.v1.PasswordsService/${name}`),
]);

/** A new method on this list, or one less, is a decision. */
const SENSITIVE = ['AddContact', 'DeactivateAccount', 'DeactivateContact', 'SetPassword', 'SetPrimaryContact'];

/** What a caller may hear who has come through: the empty request is mostly not a valid one. */
const FROM_INSIDE = new Set(['OK', 'INVALID_REQUEST', 'PASSWORD_TOO_WEAK', 'REFRESH_TOKEN_UNKNOWN']);

describe('Access', () => {
  let database: TestDatabase;
  let service: TestService;
  let raw: RawCaller;
  let deadToken: string;

  const SECRET = 'secret-of-the-orders-service';

  beforeAll(async () => {
    database = await createTestDatabase();
    service = await startService({
      DATABASE_URL: database.serviceUrl,
      LOCAL_CALLERS: 'off',
      SERVICE_CALLERS: JSON.stringify([
        { name: 'orders', secretSha256: createHash('sha256').update(SECRET).digest('hex') },
      ]),
    });
    raw = createRawCaller(service.address);
    const person = await register(service);
    deadToken = person.tokens.accessToken;
    await service.auth.logout({}, bearer(deadToken));
  });
  afterAll(async () => {
    raw?.close();
    await service?.stop();
    await database?.drop();
  });

  /** Somebody of his own for every call: one of the calls ends his session, and one his account. */
  const liveToken = async ({ roles = ['customer'], loggedInBefore = '0' } = {}) => {
    const { refreshToken, sessionId } = await openSession(database, await addUser(database.query, ...roles));
    await database.query('update auth.sessions set created_at = now() - $2::interval where id = $1', [
      sessionId,
      loggedInBefore,
    ]);
    return `Bearer ${tokensOf(await service.auth.refresh({ refreshToken })).accessToken}`;
  };
  const identify: { readonly [W in Who]: () => Promise<Record<string, string>> } = {
    nobody: async () => ({}),
    'a user': async () => ({ authorization: await liveToken() }),
    'a service': async () => ({ 'x-service-credential': `orders:${SECRET}` }),
    'a wrong credential': async () => ({ 'x-service-credential': `orders:${SECRET}x` }),
    'a dead token': async () => ({ authorization: `Bearer ${deadToken}` }),
    'a user behind a service': async () => ({
      'x-service-credential': `orders:${SECRET}`,
      authorization: await liveToken(),
    }),
    'a superadmin': async () => ({ authorization: await liveToken({ roles: ['superadmin'] }) }),
  };

  async function outcome(path: string, metadata: Record<string, string>, isServerStream = false): Promise<string> {
    const ask = isServerStream ? raw.first : raw.call;
    const answer = ask(path, new Uint8Array(0), { metadata: Metadata(metadata) });
    const reason = await answer.then(
      () => 'OK',
      async () => (await refusalOf(answer)).reason ?? 'without a reason',
    );
    return FROM_INSIDE.has(reason) ? 'let through' : reason;
  }

  it('is said by every method', () => {
    expect(methods.length).toBeGreaterThanOrEqual(8);
    for (const { path, access } of methods) expect(TABLE[access], path).toBeDefined();
  });

  for (const { path, access, isServerStream } of methods) {
    it.each(CALLERS)(`${path} (${nameOf(access)}) called by %s`, async (who) => {
      const isIgnored = who === 'a dead token' && WITH_A_CREDENTIAL_OF_THEIR_OWN.has(path);
      const said = await outcome(path, await identify[who](), isServerStream);
      expect(said).toBe(isIgnored ? 'let through' : TABLE[access]?.[who]);
    });
  }

  const sensitive = methods.filter(({ needsRecentLogin }) => needsRecentLogin);

  it('needs a recent login for what could take an account over, or end it', () => {
    expect(sensitive.map(({ path }) => path.split('/').at(-1)).sort()).toEqual(SENSITIVE);
  });

  it.each(sensitive.map(({ path }) => [path]))('%s needs a login younger than five minutes', async (path) => {
    const after = async (loggedInBefore: string) =>
      await outcome(path, { authorization: await liveToken({ loggedInBefore }) });
    // The machine may be slow for some seconds in between.
    expect(await after('4 minutes 30 seconds')).toBe('let through');
    expect(await after('5 minutes')).toBe('RECENT_LOGIN_REQUIRED');
  });

  it.each(['orders', 'orders:', ':', 'nobody:secret', `ORDERS:${SECRET}`, `orders:${SECRET}:`, `orders: ${SECRET}`])(
    'the credential "%s" identifies nobody',
    async (credential) => {
      const path = '/auth.v1.AuthService/ValidateToken';
      expect(await outcome(path, { 'x-service-credential': credential })).toBe('SERVICE_IDENTITY_REQUIRED');
    },
  );
});
