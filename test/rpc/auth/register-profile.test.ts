import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { RegisterRequest, RegisterResponse } from '../../../src/gen/auth/v1/auth_service.ts';
import { newPerson, register } from '../../support/people.ts';
import { createRawCaller } from '../../support/raw-call.ts';
import type { RawCaller } from '../../support/raw-call.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';

const REGISTER = '/auth.v1.AuthService/Register';

describe('Register with a hostile profile', () => {
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

  it.each([
    ['NUL in a text', { a: 'x\u0000y' }],
    ['NUL in a key', { 'x\u0000y': 1 }],
    ['U+FFFD in a text', { a: ['\ufffd'] }],
    ['NaN', { a: Number.NaN }],
    ['infinity', { a: { b: [Number.POSITIVE_INFINITY] } }],
    ['17 KiB', { a: 'x'.repeat(17 * 1024) }],
    ['17 KiB that escapes make of 3', { a: '\u0001'.repeat(3 * 1024) }],
    ['900 KiB', { a: 'x'.repeat(900 * 1024) }],
    ['33 levels', nested(33)],
    ['40 levels of lists', { a: JSON.parse(`${'['.repeat(40)}${']'.repeat(40)}`) }],
  ])('%s is refused', async (_, profile) => {
    expect(await refusalOf(service.auth.register(newPerson({ profile })))).toMatchObject({
      status: 'INVALID_ARGUMENT',
      reason: 'INVALID_REQUEST',
      fields: ['profile'],
    });
  });

  it.each([100, 5_000, 50_000])('%i levels are refused, and do not exhaust the stack', async (levels) => {
    const refusal = await raw.refusalOf(REGISTER, withProfile(deepStruct(levels)));
    expect(refusal.status).toBe('INVALID_ARGUMENT');
    expect(['INVALID_REQUEST', 'MALFORMED_MESSAGE']).toContain(refusal.reason);
  });

  it.each([
    [
      'in a text',
      structOf('a', new BinaryWriter().tag(3, WireType.LengthDelimited).bytes(Uint8Array.of(0x61, 0xff)).finish()),
    ],
    [
      'in a key',
      structOf(Uint8Array.of(0x61, 0xff), new BinaryWriter().tag(3, WireType.LengthDelimited).string('x').finish()),
    ],
  ])('a byte that is no UTF-8 %s is refused', async (_, struct) => {
    expect(await raw.refusalOf(REGISTER, withProfile(struct))).toMatchObject({
      status: 'INVALID_ARGUMENT',
      reason: 'INVALID_REQUEST',
      fields: ['profile'],
    });
  });

  it.each([
    ['a text', new BinaryWriter().tag(3, WireType.LengthDelimited).string('polluted').finish()],
    [
      'an object',
      new BinaryWriter()
        .tag(5, WireType.LengthDelimited)
        .bytes(structOf('polluted', ofText('yes')))
        .finish(),
    ],
    ['null', new BinaryWriter().tag(1, WireType.Varint).int32(0).finish()],
  ])('a key __proto__ with %s changes no object of ours', async (_, value) => {
    const inner = structOf('__proto__', value);
    const nestedInner = structOf('inner', new BinaryWriter().tag(5, WireType.LengthDelimited).bytes(inner).finish());
    for (const struct of [inner, nestedInner]) {
      const answer = await raw.call(REGISTER, withProfile(struct)).then(
        (bytes) => RegisterResponse.decode(bytes).userId,
        () => null,
      );
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
      expect(Object.getPrototypeOf({})).toBe(Object.prototype);
      // Nothing of it reaches another profile.
      const { userId } = await register(service, { profile: { mine: 1 } });
      expect(await profileOf(userId)).toEqual({ mine: 1 });
      if (answer !== null) expect(JSON.stringify(await profileOf(answer))).not.toContain('polluted');
    }
  });

  it('keys that JavaScript and PostgreSQL know are keys like others', async () => {
    const profile = {
      toJSON: 'x',
      constructor: { prototype: { polluted: 1 } },
      hasOwnProperty: 1,
      length: 3,
      $1: "'; drop table accounts.users; --",
      '{"a":1}': '\\u0041 \\x00 %s ${a}',
    };
    const { userId } = await register(service, { profile });
    expect(await profileOf(userId)).toEqual(profile);
  });

  it('16 KiB and 32 levels are not too much', async () => {
    for (const profile of [{ a: 'x'.repeat(16 * 1024 - 8) }, nested(32)]) {
      const { userId } = await register(service, { profile });
      expect(await profileOf(userId)).toEqual(profile);
    }
  });

  async function profileOf(userId: string): Promise<unknown> {
    const [row] = await database.query('select profile from accounts.users where id = $1', [userId]);
    return row?.['profile'];
  }
});

/** Objects inside each other; the outermost is the first level. */
function nested(levels: number): object {
  return levels === 1 ? {} : { a: nested(levels - 1) };
}

function withProfile(struct: Uint8Array): Uint8Array {
  return new BinaryWriter()
    .raw(RegisterRequest.encode(newPerson()).finish())
    .tag(4, WireType.LengthDelimited)
    .bytes(struct)
    .finish();
}

/** A google.protobuf.Struct of one field. */
function structOf(key: string | Uint8Array, value: Uint8Array): Uint8Array {
  const name = typeof key === 'string' ? new TextEncoder().encode(key) : key;
  const entry = new BinaryWriter()
    .tag(1, WireType.LengthDelimited)
    .bytes(name)
    .tag(2, WireType.LengthDelimited)
    .bytes(value)
    .finish();
  return new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(entry).finish();
}

function ofText(text: string): Uint8Array {
  return new BinaryWriter().tag(3, WireType.LengthDelimited).string(text).finish();
}

/** Built from the inside, by hand: no encoder goes so deep. */
function deepStruct(levels: number): Uint8Array {
  const parts: Uint8Array[] = [structOf('a', ofText('x'))];
  let size = parts[0]!.length;
  for (let level = 1; level < levels; level += 1) {
    const value = new BinaryWriter().tag(5, WireType.LengthDelimited).uint32(size).finish();
    const key = new BinaryWriter().tag(1, WireType.LengthDelimited).string('').finish();
    const entry = new BinaryWriter()
      .raw(key)
      .tag(2, WireType.LengthDelimited)
      .uint32(value.length + size)
      .finish();
    const header = new BinaryWriter()
      .tag(1, WireType.LengthDelimited)
      .uint32(entry.length + value.length + size)
      .finish();
    const front = Buffer.concat([header, entry, value]);
    parts.push(front);
    size += front.length;
  }
  return Buffer.concat(parts.reverse());
}
