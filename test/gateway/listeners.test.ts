import { createHash, randomUUID } from 'node:crypto';
import { create, getOption, toBinary, toJsonString } from '@bufbuild/protobuf';
import type { DescField, DescMethod, MessageShape } from '@bufbuild/protobuf';
import { ChannelCredentials, ClientError, Metadata, Status } from 'nice-grpc';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Access } from '../../src/gen/auth/options/v1/access.ts';
import { createAuthority } from '../support/certificates.ts';
import { roleHolder } from '../support/delegation.ts';
import { foundOrganisation, giveEmail, invite, newEmail } from '../support/organisations.ts';
import { createRawCaller } from '../support/raw-call.ts';
import type { RawCaller } from '../support/raw-call.ts';
import { refusalOf } from '../support/refusal.ts';
import { readServedRegistry } from '../support/served-registry.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { WEB_PROTOCOLS, createWebCaller } from '../support/web-call.ts';

const LISTENERS = ['gRPC', ...WEB_PROTOCOLS] as const;
type Listener = (typeof LISTENERS)[number];

const CALLERS = [
  'nobody',
  'a user',
  'another user',
  'a service',
  'a forged certificate',
  'an administrator',
  'an administrator behind a service',
] as const;
type Who = (typeof CALLERS)[number];

/** What is served beside our contract: its protos do not say who may call. Health says nothing about anybody. */
const OF_OTHERS: Readonly<Record<string, Access | 'OPEN'>> = {
  'grpc.health.v1.Health': 'OPEN',
  'envoy.service.auth.v3.Authorization': Access.SERVICE,
};

/** The whole rule: what a caller hears on a listener of a method of this class. */
function expected(access: Access | 'OPEN', listener: Listener, who: Who): string {
  const isForBrowsers = access === Access.PUBLIC || access === Access.USER;
  if (listener !== 'gRPC' && !isForBrowsers) return 'absent';

  const hasToken = !['nobody', 'a service', 'a forged certificate'].includes(who);
  const isService = who === 'a service' || who === 'an administrator behind a service';
  const isAdministrator = who === 'an administrator' || who === 'an administrator behind a service';
  switch (access) {
    case 'OPEN':
    case Access.PUBLIC:
      return 'answers';
    case Access.USER:
      return hasToken ? 'answers' : 'TOKEN_MISSING';
    case Access.SERVICE:
      return isService ? 'answers' : 'SERVICE_IDENTITY_REQUIRED';
    case Access.ADMIN:
      return isAdministrator ? 'answers' : hasToken ? 'PERMISSION_REQUIRED' : 'TOKEN_MISSING';
    default:
      throw new Error('A class of access that the matrix does not know.');
  }
}

/** What handlers say of requests that are empty, or name what is somebody else's: they were reached. */
const FROM_HANDLERS = new Set(['OK', 'INVALID_REQUEST', 'PASSWORD_TOO_WEAK', 'REFRESH_TOKEN_UNKNOWN']);
const NOT_HIS = new Set(['CONTACT_NOT_FOUND', 'ORGANISATION_NOT_FOUND', 'INVITATION_NOT_FOUND', 'SESSION_NOT_FOUND']);

/** In the proto of health, and not in the library that answers for us. */
const NOT_IMPLEMENTED = new Set(['/grpc.health.v1.Health/List']);

const registry = await readServedRegistry();
const methods = [...registry].flatMap((type) => (type.kind === 'service' ? type.methods : []));
const pathOf = ({ parent, name }: DescMethod) => `/${parent.typeName}/${name}`;

function accessOf(method: DescMethod): Access | 'OPEN' {
  const rule = registry.getExtension('auth.options.v1.rule');
  if (!rule) throw new Error('There is no access option.');
  const { access } = getOption(method, rule) as unknown as { access: Access };
  return access || (OF_OTHERS[method.parent.typeName] ?? Access.UNSPECIFIED);
}

const SECRET = 'secret-of-the-orders-service';
const CREDENTIAL = { 'x-service-credential': `orders:${SECRET}` };
const SAN = 'spiffe://internal/billing';
/** Stands in all that belongs to the first user. */
const MARK = `mark${randomUUID().slice(0, 8)}`;

const authority = createAuthority();
let database: TestDatabase;
/** Beside the service that is tried, for who is in the scene: without TLS, which all clients of tests can speak. */
let stage: TestService;
let service: TestService;
let raw: RawCaller;
let web: ReturnType<typeof createWebCaller>;
let first: Awaited<ReturnType<typeof openScene>>;
let tried = 0;
beforeAll(async () => {
  database = await createTestDatabase();
  const settings = { DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl') };
  stage = await startService(settings);
  const server = authority.issue('server', 'DNS:localhost');
  service = await startService({
    ...settings,
    TLS_CERT_FILE: server.certFile,
    TLS_KEY_FILE: server.keyFile,
    TLS_CLIENT_CA_FILE: authority.caFile,
    GATEWAY_ADDRESS: '127.0.0.1:0',
    LOCAL_CALLERS: 'off',
    PUBLIC_CALLS_PER_MINUTE: '1000000',
    SERVICE_CALLERS: JSON.stringify([
      { name: 'orders', secretSha256: createHash('sha256').update(SECRET).digest('hex') },
      { name: 'billing', sans: [SAN] },
    ]),
  });
  // Its certificate is one of the authority's, and names nobody.
  const { key, cert } = authority.issue('stranger', '');
  raw = createRawCaller(`localhost:${service.port}`, ChannelCredentials.createSsl(authority.ca, key, cert));
  web = createWebCaller(service.gatewayUrl, registry);
  first = await openScene();
});
afterAll(async () => {
  raw?.close();
  await service?.stop();
  await stage?.stop();
  await database?.drop();
  authority.remove();
});

/** The first user: with a session, a contact, an organisation of his own, and an invitation to it. By the names of fields. */
async function openScene(): Promise<Readonly<Record<string, string>>> {
  const { head, organisationId } = await foundOrganisation(stage, database, `${MARK} Ltd`);
  const { userId, sessionId } = head;
  await database.query('update accounts.users set display_name = $2, bio = $2 where id = $1', [userId, MARK]);
  await giveEmail(database, userId, `${MARK}@example.com`);
  const [contact] = await database.query<{ id: string }>('select id from accounts.user_contacts where user_id = $1', [
    userId,
  ]);
  const { invitationId } = await invite(stage, database, { head, organisationId }, `${MARK}-${newEmail()}`);
  return {
    ...{ user_id: userId, actor_id: userId, session_id: sessionId, organisation_id: organisationId },
    ...{ contact_id: contact?.id ?? '', invitation_id: invitationId, message_id: randomUUID() },
  };
}

/** All that is the first user's, to see that nobody has changed it. */
const stateOfFirst = async () =>
  await database.query(
    `select (select u::text from accounts.users u where u.id = $1) as person,
            array(select m::text from accounts.user_group_memberships m where m.user_id = $1 order by 1) as roles,
            array(select c::text from accounts.user_contacts c where c.user_id = $1 order by 1) as contacts,
            array(select s.id || coalesce(s.ended_at::text, '') from auth.sessions s where s.user_id = $1 order by 1) as sessions,
            array(select o::text from accounts.organisation_members o where o.organisation_id = $2 order by 1) as members,
            array(select i::text from accounts.organisation_invitations i where i.organisation_id = $2) as invitations`,
    [first['user_id'], first['organisation_id']],
  );

/** Somebody of his own for every call: some of them end his session, or his account. */
const tokenOf = async (role: string) => {
  const { tokens } = await roleHolder(stage, database, role);
  return { authorization: `Bearer ${tokens.accessToken}` };
};
const identify: { readonly [W in Who]: () => Promise<Record<string, string>> } = {
  nobody: async () => ({}),
  'a user': () => tokenOf('customer'),
  'another user': () => tokenOf('customer'),
  'a service': async () => CREDENTIAL,
  'a forged certificate': async () => ({ 'x-verified-san': SAN }),
  'an administrator': () => tokenOf('superadmin'),
  'an administrator behind a service': async () => ({ ...CREDENTIAL, ...(await tokenOf('superadmin')) }),
};

const isId = ({ name, scalar }: DescField) => /_ids?$/.test(name) && scalar !== undefined;

/** An empty request; or, of another user, one with the ids of the first user where there are ids. */
function requestOf({ input }: DescMethod, who: Who) {
  const message = create(input) as MessageShape<typeof input> & Record<string, unknown>;
  for (const { name, localName, fieldKind } of who === 'another user' ? input.fields.filter(isId) : []) {
    const id = first[name.replace(/_ids$/, '_id')];
    if (id === undefined) throw new Error(`The first user has no ${name}.`);
    message[localName] = fieldKind === 'list' ? [id] : id;
  }
  return { bytes: toBinary(input, message), json: toJsonString(input, message, { registry }) };
}

/** What a caller hears, and all that he gets to see. */
async function hear(method: DescMethod, listener: Listener, who: Who): Promise<{ heard: string; seen: string }> {
  const [path, headers, request] = [pathOf(method), await identify[who](), requestOf(method, who)];
  if (listener !== 'gRPC') {
    const { status, reason, seen } = await web(listener, path, request, headers);
    return {
      heard: status === 404 && reason === null ? 'absent' : (reason ?? `HTTP ${status} without a reason`),
      seen,
    };
  }
  const isStream = method.methodKind === 'server_streaming' || method.methodKind === 'bidi_streaming';
  const answer: Promise<Uint8Array | null> = (isStream ? raw.first : raw.call)(path, request.bytes, {
    metadata: Metadata(headers),
  });
  const error: unknown = await answer.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error === null) return { heard: 'OK', seen: Buffer.from((await answer) ?? []).toString('latin1') };
  if (error instanceof ClientError && error.code === Status.UNIMPLEMENTED) return { heard: 'absent', seen: '' };
  const refusal = await refusalOf(answer);
  return { heard: refusal.reason ?? `${refusal.status} without a reason`, seen: JSON.stringify(refusal) };
}

/** What was heard, in the words of the rule. */
function sayOf(access: Access | 'OPEN', who: Who, { heard, seen }: { heard: string; seen: string }): string {
  if (who === 'another user') {
    if (seen.includes(MARK)) return 'what is the first user’s';
    if (NOT_HIS.has(heard)) return 'answers';
    // Of USER methods nothing but a handler says it: SupportService asks for permissions by itself.
    if (access === Access.USER && heard === 'PERMISSION_REQUIRED') return 'answers';
  }
  return FROM_HANDLERS.has(heard) ? 'answers' : heard;
}

describe('Every method on every listener', () => {
  it.each(methods.map((method) => [pathOf(method), method] as const))(
    '%s answers whom it may',
    async (path, method) => {
      const before = await stateOfFirst();
      const access = accessOf(method);
      const cells = LISTENERS.flatMap((listener) => CALLERS.map((who) => ({ listener, who })));
      const differences = await Promise.all(
        cells.map(async ({ listener, who }) => {
          const said = sayOf(access, who, await hear(method, listener, who));
          const wanted = NOT_IMPLEMENTED.has(path) ? 'absent' : expected(access, listener, who);
          tried += 1;
          return said === wanted ? [] : [`${listener} | ${who} | ${wanted} | but: ${said}`];
        }),
      );
      expect(differences.flat()).toEqual([]);
      expect(await stateOfFirst()).toEqual(before);
    },
  );

  it('was tried', () => {
    expect(tried).toBe(methods.length * LISTENERS.length * CALLERS.length);
    expect(tried).toBeGreaterThan(1500);
  });
});
