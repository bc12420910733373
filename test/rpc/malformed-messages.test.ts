import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { AccountsServiceDefinition } from '../../src/gen/accounts/v1/accounts_service.ts';
import { AuthServiceDefinition, RegisterRequest } from '../../src/gen/auth/v1/auth_service.ts';
import { KeysServiceDefinition } from '../../src/gen/auth/v1/keys_service.ts';
import { newPerson } from '../support/people.ts';
import { createRawCaller } from '../support/raw-call.ts';
import type { RawCaller } from '../support/raw-call.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

const PATHS = [AuthServiceDefinition, AccountsServiceDefinition, KeysServiceDefinition].flatMap(
  ({ fullName, methods }) => Object.values(methods).map(({ name }) => `/${fullName}/${name}`),
);
const MEGABYTE = 1024 * 1024;

/** Bytes that are a message of no type. */
const MALFORMED: [string, Uint8Array][] = [
  ['a tag without its value', Uint8Array.of(0x0a)],
  ['a text that ends before its length', Uint8Array.of(0x0a, 0x10, 0x61)],
  ['a length of 4 GiB', Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f)],
  ['a varint without an end', Uint8Array.of(0x08, ...Array<number>(11).fill(0xff))],
  ['a wire type that there is not', Uint8Array.of(0x0f)],
  ['half a fixed64', Uint8Array.of(0x09, 0x01, 0x02)],
  ['a group without an end', Uint8Array.of(0xfb, 0x01, 0x08, 0x01)],
  ['JSON', new TextEncoder().encode('{"login":"a","password":"b"}')],
];

describe('Bytes that are no message', () => {
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

  describe.each(PATHS)('%s', (path) => {
    it.each(MALFORMED)('%s: the caller is told so, and nothing of how we noticed', async (_, bytes) => {
      const refusal = await raw.refusalOf(path, bytes);
      expect(refusal).toEqual({
        status: 'INVALID_ARGUMENT',
        reason: 'MALFORMED_MESSAGE',
        domain: 'auth-service',
        metadata: {},
        fields: [],
        retryAfterSeconds: undefined,
        requestId: undefined,
        text: 'The bytes are not a message of the request type.',
        seen: expect.not.stringMatching(/premature|RangeError|wire type|\.ts|\.js/),
      });
    });

    it('a message above 1 MiB is RESOURCE_EXHAUSTED by the transport, which gives no details', async () => {
      const message = new BinaryWriter().tag(900, WireType.LengthDelimited).bytes(new Uint8Array(MEGABYTE)).finish();
      await expect(raw.call(path, message)).rejects.toMatchObject({
        code: 8,
        details: expect.stringMatching(/^Received message larger than max \(\d+ vs 1048576\)$/),
      });
    });
  });

  it('every prefix of a message is answered as what it is: never INTERNAL or UNKNOWN', async () => {
    const whole = RegisterRequest.encode(
      newPerson({
        interface: 'staff',
        email: 'a@example.com',
        groupNames: ['customer'],
        profile: { a: [1, { b: 'c' }] },
      }),
    ).finish();
    const refusals = await Promise.all(
      Array.from(whole.keys(), (length) => raw.refusalOf('/auth.v1.AuthService/Register', whole.subarray(0, length))),
    );
    for (const [length, { status, reason }] of refusals.entries()) {
      expect(['INVALID_REQUEST', 'MALFORMED_MESSAGE', 'INTERFACE_NOT_ALLOWED'], `${length} bytes`).toContain(reason);
      expect(['INVALID_ARGUMENT', 'PERMISSION_DENIED']).toContain(status);
    }
    expect(refusals.filter(({ reason }) => reason === 'MALFORMED_MESSAGE').length).toBeGreaterThan(whole.length / 2);
  });

  it('a method that there is not is UNIMPLEMENTED', async () => {
    for (const path of ['/auth.v1.AuthService/NoSuchMethod', '/no.such.Service/Call']) {
      await expect(raw.call(path, new Uint8Array())).rejects.toMatchObject({ code: 12 });
    }
  });

  it('the service goes on as before', async () => {
    await service.accounts.listRoles({ interface: 'customer' });
    expect(service.logLines.filter(({ status }) => status === 'INTERNAL' || status === 'UNKNOWN')).toEqual([]);
  });
});
