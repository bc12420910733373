import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { CheckAvailabilityRequest } from '../../src/gen/accounts/v1/accounts_service.ts';
import { LoginRequest, RegisterRequest } from '../../src/gen/auth/v1/auth_service.ts';
import { bearer, newPerson, register } from '../support/people.ts';
import { createRawCaller } from '../support/raw-call.ts';
import type { RawCaller } from '../support/raw-call.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { readServedRegistry } from '../support/served-registry.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { problemOf } from '../support/validation.ts';
import { createWebCaller } from '../support/web-call.ts';

type Write = (writer: BinaryWriter, field: number) => BinaryWriter;

const VARINT: [string, Write] = ['a varint', (writer, field) => writer.tag(field, WireType.Varint).uint32(2)];
const FIXED64: [string, Write] = ['a fixed64', (writer, field) => writer.tag(field, WireType.Bit64).fixed64('2')];
const BYTES: [string, Write] = ['a text', (writer, field) => writer.tag(field, WireType.LengthDelimited).string('2')];
const GROUP: [string, Write] = [
  'a group',
  (writer, field) => writer.tag(field, WireType.StartGroup).tag(field, WireType.EndGroup),
];
const FIXED32: [string, Write] = ['a fixed32', (writer, field) => writer.tag(field, WireType.Bit32).fixed32(2)];

const REGISTER = '/auth.v1.AuthService/Register';
// On an interface that nothing can be registered on, so that nothing is when a test fails.
const person = newPerson({ interface: 'staff' });
const without = (name: keyof RegisterRequest) =>
  RegisterRequest.encode({ ...person, [name]: RegisterRequest.create()[name] }).finish();

/** Path, field, its number, and a message that is right but for the field, which it lacks. */
const TEXTS_AND_MESSAGES: [string, string, number, Uint8Array][] = [
  [REGISTER, 'second_login', 1, without('secondLogin')],
  [REGISTER, 'phone', 2, without('phone')],
  [REGISTER, 'email', 3, without('email')],
  [REGISTER, 'profile', 4, without('profile')],
  [REGISTER, 'password', 5, without('password')],
  [REGISTER, 'group_names', 6, without('groupNames')],
  [REGISTER, 'interface', 7, without('interface')],
  [REGISTER, 'idempotency_key', 8, without('idempotencyKey')],
  ['/auth.v1.AuthService/Login', 'login', 1, LoginRequest.encode(LoginRequest.create({ password: 'wrong' })).finish()],
  ['/auth.v1.AuthService/Login', 'password', 2, LoginRequest.encode(LoginRequest.create({ login: 'nobody' })).finish()],
  ['/auth.v1.AuthService/Refresh', 'refresh_token', 1, new Uint8Array()],
  ['/auth.v1.AuthService/StartCodeLogin', 'contact', 1, new Uint8Array()],
  ['/auth.v1.AuthService/StartGuestSession', 'interface', 1, new Uint8Array()],
  ['/auth.v1.PasswordsService/StartPasswordReset', 'contact', 1, new Uint8Array()],
  ['/auth.v1.RegistrationService/StartRegistration', 'email', 1, new Uint8Array()],
  ['/auth.v1.RegistrationService/CheckRegistration', 'token', 1, new Uint8Array()],
  ['/auth.v1.AuthService/ValidateToken', 'access_token', 1, new Uint8Array()],
  ['/accounts.v1.AccountsService/ListRoles', 'interface', 1, new Uint8Array()],
  [
    '/accounts.v1.AccountsService/CheckAvailability',
    'contact_type',
    1,
    CheckAvailabilityRequest.encode({ contactType: '', value: 'somebody' }).finish(),
  ],
  [
    '/accounts.v1.AccountsService/CheckAvailability',
    'value',
    2,
    CheckAvailabilityRequest.encode({ contactType: 'phone', value: '' }).finish(),
  ],
];

/** A field that comes as another type is a mistake of the caller; to pass over it would be to do what nobody asked for. */
describe('A field of the wrong wire type', () => {
  let database: TestDatabase;
  let service: TestService;
  let raw: RawCaller;
  let web: ReturnType<typeof createWebCaller>;
  let accessToken: string;

  /** On the listener for browsers, in both protocols that carry bytes. */
  async function expectRefusedByGateway(path: string, bytes: Uint8Array, headers: Record<string, string> = {}) {
    for (const protocol of ['gRPC-web', 'Connect'] as const) {
      const { reason, status } = await web(protocol, path, { bytes, json: '' }, headers);
      // This one is not for browsers.
      if (path.endsWith('/ValidateToken')) expect([protocol, status]).toEqual([protocol, 404]);
      else
        expect([protocol, reason]).toEqual([protocol, expect.stringMatching(/^(INVALID_REQUEST|MALFORMED_MESSAGE)$/)]);
    }
  }

  beforeAll(async () => {
    database = await createTestDatabase();
    service = await startService({
      DATABASE_URL: database.serviceUrl,
      REDIS_URL: inject('redisUrl'),
      GATEWAY_ADDRESS: '127.0.0.1:0',
      PUBLIC_CALLS_PER_MINUTE: '1000000',
    });
    raw = createRawCaller(service.address);
    web = createWebCaller(service.gatewayUrl, await readServedRegistry());
    accessToken = (await register(service)).tokens.accessToken;
  });
  afterAll(async () => {
    raw?.close();
    await service?.stop();
    await database?.drop();
  });

  describe.each(TEXTS_AND_MESSAGES)('%s %s', (path, _, field, message) => {
    it.each([VARINT, FIXED64, GROUP, FIXED32])('%s is refused', async (__, write) => {
      const bytes = write(new BinaryWriter().raw(message), field).finish();
      expect(await raw.refusalOf(path, bytes)).toMatchObject({
        status: 'INVALID_ARGUMENT',
        reason: expect.stringMatching(/^(INVALID_REQUEST|MALFORMED_MESSAGE)$/),
      });
      await expectRefusedByGateway(path, bytes);
    });
  });

  describe('/auth.v1.AuthService/Logout scope', () => {
    it.each([BYTES, FIXED64, GROUP, FIXED32])('%s is refused, and ends no session', async (_, write) => {
      const bytes = write(new BinaryWriter(), 1).finish();
      expect(await raw.refusalOf('/auth.v1.AuthService/Logout', bytes, bearer(accessToken))).toMatchObject({
        status: 'INVALID_ARGUMENT',
        reason: expect.stringMatching(/^(INVALID_REQUEST|MALFORMED_MESSAGE)$/),
      });
      await expectRefusedByGateway('/auth.v1.AuthService/Logout', bytes, { authorization: `Bearer ${accessToken}` });
      expect(await problemOf(service, accessToken)).toBeNull();
    });

    it('an empty text, which protobuf-es reads as the scope 0, is refused, and ends no session', async () => {
      const bytes = new BinaryWriter().tag(1, WireType.LengthDelimited).string('').finish();
      await expectRefusedByGateway('/auth.v1.AuthService/Logout', bytes, { authorization: `Bearer ${accessToken}` });
      expect(await problemOf(service, accessToken)).toBeNull();
    });
  });
});
