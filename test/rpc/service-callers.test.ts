import { createHash } from 'node:crypto';
import { Metadata } from 'nice-grpc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newPerson } from '../support/people.ts';
import { refusalOf } from '../support/refusal.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

const callerOf = (name: string, rest: object) => ({
  name,
  secretSha256: createHash('sha256').update(`secret of ${name}`).digest('hex'),
  ...rest,
});

const as = (name: string, more: Record<string, string> = {}) => ({
  metadata: Metadata({ 'x-service-credential': `${name}:secret of ${name}`, ...more }),
});

describe('Services that may call', () => {
  let database: TestDatabase;
  let service: TestService;

  beforeAll(async () => {
    database = await createTestDatabase();
    service = await startService({
      DATABASE_URL: database.serviceUrl,
      LOCAL_CALLERS: 'off',
      ANONYMOUS_INTERFACES: 'customer',
      SERVICE_CALLERS: JSON.stringify([
        callerOf('everything', { interfaces: ['customer', 'driver', 'staff'] }),
        callerOf('validator', { methods: ['auth.v1.AuthService/ValidateToken'] }),
        callerOf('accounts', { methods: ['accounts.v1.AccountsService/*'], interfaces: ['driver'] }),
        callerOf('nothing', { methods: [] }),
      ]),
    });
  });
  afterAll(async () => {
    await service?.stop();
    await database?.drop();
  });

  const validate = (name: string) => service.auth.validateToken({ accessToken: 'x' }, as(name));
  const checkAvailability = (name: string) =>
    service.accounts.checkAvailability({ contactType: 'second_login', value: 'somebody' }, as(name));
  const notAllowed = { status: 'PERMISSION_DENIED', reason: 'SERVICE_NOT_ALLOWED' };

  it('call what they are listed for', async () => {
    await validate('everything');
    await checkAvailability('everything');
    await validate('validator');
    await checkAvailability('accounts');
  });

  it('call nothing else, not even what anybody may', async () => {
    expect(await refusalOf(validate('accounts'))).toMatchObject(notAllowed);
    expect(await refusalOf(validate('nothing'))).toMatchObject(notAllowed);
    expect(await refusalOf(checkAvailability('validator'))).toMatchObject(notAllowed);
  });

  it('speak for the interfaces that they are listed with, and nobody for others', async () => {
    const { userId } = await service.auth.register(newPerson({ interface: 'driver' }), as('everything'));
    expect(userId).not.toBe('');
    const refused = { status: 'PERMISSION_DENIED', reason: 'INTERFACE_NOT_ALLOWED' };
    expect(await refusalOf(service.auth.register(newPerson({ interface: 'courier' }), as('everything')))).toMatchObject(
      refused,
    );
    expect(await refusalOf(service.auth.register(newPerson({ interface: 'driver' })))).toMatchObject(refused);
    expect((await service.auth.register(newPerson({ interface: 'customer' }))).roles).toEqual(['customer']);
    // The interface may be named, and still nobody takes a role there by himself.
    expect((await refusalOf(service.auth.register(newPerson({ interface: 'staff' }), as('everything')))).reason).toBe(
      'ROLE_NOT_ASSIGNABLE',
    );
  });

  /** What is remembered of where a session began. */
  async function sessionOrigin(options: { metadata: Metadata }) {
    const { tokens } = await service.auth.register(newPerson(), options);
    const [row] = await database.query<{ ip: string | null; user_agent: string | null }>(
      'select host(ip) as ip, user_agent from auth.sessions where id = $1',
      [tokens?.sessionId],
    );
    return row;
  }

  it('are believed when they say whose address and program it is; nobody else is', async () => {
    const forwarded = { 'x-forwarded-for': '203.0.113.7, 10.0.0.1', 'x-user-agent': 'Phone/1.0' };
    expect(await sessionOrigin(as('everything', forwarded))).toEqual({ ip: '203.0.113.7', user_agent: 'Phone/1.0' });
    const anonymous = await sessionOrigin({ metadata: Metadata(forwarded) });
    expect(anonymous?.ip).toBe('127.0.0.1');
    expect(anonymous?.user_agent).toMatch(/^grpc-node/);
    const impostor = { ...forwarded, 'x-service-credential': 'everything:guessed' };
    expect((await sessionOrigin({ metadata: Metadata(impostor) }))?.ip).toBe('127.0.0.1');
  });

  it.each(['2001:db8::1', 'unknown', '203.0.113.7:80', "1'; drop table", ''])(
    'may forward anything as an address: %s',
    async (text) => {
      const origin = await sessionOrigin(as('everything', text === '' ? {} : { 'x-forwarded-for': text }));
      expect(origin).toEqual({ ip: text === '2001:db8::1' ? text : null, user_agent: null });
    },
  );
});

describe('Local callers', () => {
  let database: TestDatabase;
  let service: TestService;

  beforeAll(async () => {
    database = await createTestDatabase();
    service = await startService({ DATABASE_URL: database.serviceUrl });
  });
  afterAll(async () => {
    await service?.stop();
    await database?.drop();
  });

  it('are services for every interface but that of the staff', async () => {
    await service.auth.validateToken({ accessToken: 'x' });
    expect((await service.auth.register(newPerson({ interface: 'courier' }))).roles).toEqual(['courier']);
    expect((await refusalOf(service.auth.register(newPerson({ interface: 'staff' })))).reason).toBe(
      'INTERFACE_NOT_ALLOWED',
    );
  });

  it.each(['anybody', 'anybody:secret', ':', ''])('are nobody with the credential %j', async (credential) => {
    const options = { metadata: Metadata({ 'x-service-credential': credential }) };
    for (const call of [
      service.auth.validateToken({ accessToken: 'x' }, options),
      service.auth.batchValidateTokens({ accessTokens: ['x'] }, options),
    ]) {
      expect((await refusalOf(call)).reason).toBe('SERVICE_IDENTITY_REQUIRED');
    }
  });
});
