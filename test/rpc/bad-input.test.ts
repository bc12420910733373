import { randomUUID } from 'node:crypto';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { CallOptions } from 'nice-grpc';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { CheckAvailabilityRequest, ListRolesRequest } from '../../src/gen/accounts/v1/accounts_service.ts';
import {
  FinishCodeLoginRequest,
  LoginRequest,
  LogoutRequest,
  RefreshRequest,
  RegisterRequest,
  ValidateTokenResponse,
} from '../../src/gen/auth/v1/auth_service.ts';
import { ErrorReason } from '../../src/gen/auth/v1/error_reason.ts';
import { bearer, newPerson, register } from '../support/people.ts';
import { createRawCaller } from '../support/raw-call.ts';
import type { RawCaller } from '../support/raw-call.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { problemOf } from '../support/validation.ts';

/** A field, and texts beyond the general ones that are wrong in it. */
type Field = {
  readonly name: string;
  readonly number: number;
  /** A field that may be left out is not refused when it is empty. */
  readonly isOptional?: true;
  readonly longest: number;
  /** How the path of its violation reads, where that is not its name. */
  readonly path?: string;
  readonly wrong?: readonly string[];
};
type Method = {
  readonly path: string;
  /** A message that is right, but for the field of that number, which it lacks. */
  readonly without: (field: number) => Uint8Array;
  readonly fields: readonly Field[];
};

/** Field by field, so that one can be left out: proto3 does not write what is empty. */
function lacking<T extends object>(
  codec: { encode: (message: T) => BinaryWriter },
  message: T,
  names: Record<number, keyof T>,
  empty: T,
): (field: number) => Uint8Array {
  return (field) => {
    const name = names[field];
    return codec.encode(name === undefined ? message : { ...message, [name]: empty[name] }).finish();
  };
}

/** What no message can be sent to, and what would send it to somebody else. */
const UNREACHABLE = [
  ...['12', 'phone', 'a-second-login', 'a@b', '+999999999999999', '"a b"@example.com', 'a(comment)@example.com'],
  ...['Anna <a@example.com>', 'a@example.com, b@example.com', 'a@example.com\r\nbcc: b@example.com', 'a@[127.0.0.1]'],
];

const METHODS: readonly Method[] = [
  {
    path: '/auth.v1.AuthService/Register',
    // The interface is one that nothing can be registered on, so that nothing is when a test fails.
    without: lacking(
      RegisterRequest,
      newPerson({ interface: 'staff' }),
      { 1: 'secondLogin', 2: 'phone', 3: 'email', 5: 'password', 6: 'groupNames', 7: 'interface', 8: 'idempotencyKey' },
      RegisterRequest.create(),
    ),
    fields: [
      {
        name: 'second_login',
        number: 1,
        longest: 64,
        wrong: ['ab', 'a b c', 'a@example.com', '+79991234567', '<b>name</b>'],
      },
      { name: 'phone', number: 2, longest: 32, wrong: ['12', 'phone', '+7 999 123 45 6x', '+999999999999999'] },
      {
        name: 'email',
        number: 3,
        longest: 320,
        isOptional: true,
        wrong: ['name', 'a@', '@example.com', 'a b@example.com'],
      },
      { name: 'password', number: 5, longest: 256 },
      { name: 'group_names', number: 6, longest: 64, isOptional: true, path: 'group_names[0]' },
      { name: 'interface', number: 7, longest: 64, wrong: ['Customer', 'moon', 'customer '] },
      {
        name: 'idempotency_key',
        number: 8,
        longest: 128,
        isOptional: true,
        wrong: ['short', 'with a space inside it'],
      },
    ],
  },
  {
    path: '/auth.v1.AuthService/Login',
    without: lacking(
      LoginRequest,
      LoginRequest.create({ login: 'nobody', password: 'not a password' }),
      { 1: 'login', 2: 'password' },
      LoginRequest.create(),
    ),
    fields: [
      { name: 'login', number: 1, longest: 320 },
      { name: 'password', number: 2, longest: 256 },
    ],
  },
  {
    path: '/auth.v1.AuthService/StartCodeLogin',
    without: () => new Uint8Array(),
    fields: [{ name: 'contact', number: 1, longest: 320, wrong: UNREACHABLE }],
  },
  {
    path: '/auth.v1.AuthService/FinishCodeLogin',
    without: lacking(
      FinishCodeLoginRequest,
      FinishCodeLoginRequest.create({ handle: randomUUID(), code: '123456' }),
      { 1: 'handle', 2: 'code' },
      FinishCodeLoginRequest.create(),
    ),
    fields: [
      {
        name: 'handle',
        number: 1,
        longest: 64,
        wrong: ['1', 'not a handle', randomUUID().slice(1), `${randomUUID()}0`],
      },
      {
        name: 'code',
        number: 2,
        longest: 6,
        wrong: ['12345', '12345x', '123 456', '-12345', '1e5000', '\u0661\u0662\u0663\u0664\u0665\u0666'],
      },
    ],
  },
  {
    path: '/auth.v1.AuthService/StartGuestSession',
    without: () => new Uint8Array(),
    fields: [{ name: 'interface', number: 1, longest: 64, wrong: ['Customer', 'moon', 'customer '] }],
  },
  {
    path: '/auth.v1.PasswordsService/StartPasswordReset',
    without: () => new Uint8Array(),
    fields: [{ name: 'contact', number: 1, longest: 320, wrong: UNREACHABLE }],
  },
  {
    path: '/auth.v1.RegistrationService/StartRegistration',
    without: () => new Uint8Array(),
    fields: [{ name: 'email', number: 1, longest: 320, wrong: [...UNREACHABLE, '+79991234567'] }],
  },
  {
    path: '/auth.v1.AuthService/Refresh',
    without: () => RefreshRequest.encode(RefreshRequest.create()).finish(),
    fields: [{ name: 'refresh_token', number: 1, longest: 8192 }],
  },
  {
    path: '/accounts.v1.AccountsService/ListRoles',
    without: () => ListRolesRequest.encode(ListRolesRequest.create()).finish(),
    fields: [{ name: 'interface', number: 1, longest: 64, wrong: ['Customer', 'moon'] }],
  },
  {
    path: '/accounts.v1.AccountsService/CheckAvailability',
    without: lacking(
      CheckAvailabilityRequest,
      { contactType: 'phone', value: '+79991234567' },
      { 1: 'contactType', 2: 'value' },
      CheckAvailabilityRequest.create(),
    ),
    fields: [
      { name: 'contact_type', number: 1, longest: 64, wrong: ['Phone', 'telegram'] },
      { name: 'value', number: 2, longest: 320, wrong: ['12', 'phone'] },
    ],
  },
];

const NOT_FOR_CALLERS =
  /\.ts\b|\.js\b|node_modules|\bat \w+ \(|select |insert |update |sqlstate|syntax|relation|constraint|postgres|accounts\.|auth\.\w|protobuf|RangeError|TypeError|premature|invalid wire/i;

const bytesOf = (text: string) => new TextEncoder().encode(text);

describe('Bad input', () => {
  let database: TestDatabase;
  let service: TestService;
  let raw: RawCaller;

  beforeAll(async () => {
    database = await createTestDatabase();
    service = await startService({ DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl') });
    raw = createRawCaller(service.address);
  });
  afterAll(async () => {
    raw?.close();
    await service?.stop();
    await database?.drop();
  });

  for (const method of METHODS) {
    describe(method.path, () => {
      for (const field of method.fields) {
        describe(field.name, () => {
          it.each(wrongTexts(field))('%s', async (_, value) => {
            const reason = await expectInvalid(method.path, withField(method, field, value));
            expect(reason.fields).toContain(field.path ?? field.name);
          });
        });
      }
    });
  }

  describe('/auth.v1.AuthService/ValidateToken', () => {
    const path = '/auth.v1.AuthService/ValidateToken';
    const message = (value: Uint8Array) => new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(value).finish();

    it.each([
      ['no token', new Uint8Array()],
      ['an empty token', message(bytesOf(''))],
      ['more than 8192 bytes', message(bytesOf('x'.repeat(8193)))],
    ])('%s is a bad request', async (_, bytes) => {
      expect((await expectInvalid(path, bytes)).fields).toEqual(['access_token']);
    });

    it.each([
      ['invalid UTF-8', Uint8Array.of(0x61, 0xff, 0xfe, 0x62)],
      ['NUL', bytesOf('a\u0000b')],
      ['control characters', bytesOf('a.b.c\n')],
      ['text of another script', bytesOf('токен')],
    ])('a token of %s is a bad token: an answer, not an error', async (_, value) => {
      const { result } = ValidateTokenResponse.decode(await raw.call(path, message(value)));
      expect(result).toMatchObject({ $case: 'problem', value: { reason: ErrorReason.TOKEN_MALFORMED } });
    });
  });

  describe('/auth.v1.AuthService/Logout', () => {
    const path = '/auth.v1.AuthService/Logout';

    it.each([
      ['a number that the enum does not have', LogoutRequest.encode({ scope: 99 as never }).finish()],
      ['a negative number', LogoutRequest.encode({ scope: -1 as never }).finish()],
      ['the largest number', LogoutRequest.encode({ scope: 0x7fffffff as never }).finish()],
    ])('scope: %s ends no session', async (_, message) => {
      const { tokens } = await register(service);
      const refusal = await expectInvalid(path, message, bearer(tokens.accessToken));
      expect(refusal).toMatchObject({ reason: 'INVALID_REQUEST', fields: ['scope'] });
      expect(await problemOf(service, tokens.accessToken)).toBeNull();
    });
  });

  it('more than 16 roles are too many', async () => {
    const groupNames = Array.from({ length: 17 }, (_, index) => `role_${index}`);
    const message = RegisterRequest.encode(newPerson({ interface: 'staff', groupNames })).finish();
    expect((await expectInvalid('/auth.v1.AuthService/Register', message)).fields).toEqual(['group_names']);
  });

  it('fields that this version does not know are no mistake', async () => {
    const message = new BinaryWriter().raw(ListRolesRequest.encode({ interface: 'driver' }).finish());
    message.tag(900, WireType.LengthDelimited).string('of a later version').tag(901, WireType.Varint).uint32(1);
    await raw.call('/accounts.v1.AccountsService/ListRoles', message.finish());
  });

  async function expectInvalid(path: string, message: Uint8Array, options?: CallOptions) {
    const refusal = await raw.refusalOf(path, message, options);
    expect(refusal.status).toBe('INVALID_ARGUMENT');
    expect(refusal.domain).toBe('auth-service');
    expect(['INVALID_REQUEST', 'MALFORMED_MESSAGE', 'REGISTER_INVALID_PASSWORD']).toContain(refusal.reason);
    for (const field of refusal.fields) expect(field).toMatch(/^[a-z][a-z_]*(\[\d+\])?$/);
    if (refusal.reason !== 'MALFORMED_MESSAGE') expect(refusal.fields).not.toEqual([]);
    expect(refusal.seen.replaceAll('google.rpc', '')).not.toMatch(NOT_FOR_CALLERS);
    return refusal;
  }
});

function withField(method: Method, field: Field, value: Uint8Array): Uint8Array {
  return new BinaryWriter()
    .raw(method.without(field.number))
    .tag(field.number, WireType.LengthDelimited)
    .bytes(value)
    .finish();
}

function wrongTexts({ isOptional, name, longest, wrong = [] }: Field): [string, Uint8Array][] {
  const cases: [string, Uint8Array][] = [
    ['longer than it may be', bytesOf('x'.repeat(longest + 1))],
    ['half a megabyte', bytesOf('x'.repeat(512 * 1024))],
    ['with NUL', bytesOf('abcdef\u0000ghijkl')],
    ['of NUL alone', bytesOf('\u0000')],
    ['with a control character', bytesOf('abcdef\u0007ghijkl')],
    ['with a line break', bytesOf('abcdef\nghijkl')],
    ['with DEL', bytesOf('abcdef\u007fghijkl')],
    ['with a C1 control character', bytesOf('abcdef\u0085ghijkl')],
    ['with U+FFFD', bytesOf('abcdef\ufffdghijkl')],
    ['with a byte that is no UTF-8', Uint8Array.of(...bytesOf('abcdef'), 0xff, ...bytesOf('ghijkl'))],
    ['with an overlong encoding', Uint8Array.of(...bytesOf('abcdef'), 0xc0, 0xaf, ...bytesOf('ghijkl'))],
    ['with half a surrogate pair', Uint8Array.of(...bytesOf('abcdef'), 0xed, 0xa0, 0x80, ...bytesOf('ghijkl'))],
    ['cut inside a character', Uint8Array.of(...bytesOf('abcdefghijkl'), 0xf0, 0x9f)],
    ...wrong.map((text): [string, Uint8Array] => [`"${text}"`, bytesOf(text)]),
  ];
  // An element of a list is there even when it is empty.
  if (!isOptional || name === 'group_names') cases.push(['empty', bytesOf('')]);
  return cases;
}
