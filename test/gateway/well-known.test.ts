import { createPublicKey, verify } from 'node:crypto';
import type { JsonWebKey, KeyObject } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { createRotateKeys } from '../../src/tokens/rotate-keys.ts';
import type { SigningAlgorithm } from '../../src/tokens/verification-key.ts';
import { register, tokensOf } from '../support/people.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { decodeUnverified, testKeyCipher } from '../support/signing.ts';
import { authFunctionsOf } from '../support/stored-functions.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

const JWKS = '/.well-known/jwks.json';
const CONFIGURATION = '/.well-known/openid-configuration';
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

type Jwk = JsonWebKey & { readonly kid: string; readonly alg: string };

/** How Node checks a signature of each algorithm (RFC 7518, RFC 8037). */
const SIGNED: Readonly<Record<string, (data: Buffer, key: KeyObject, signature: Buffer) => boolean>> = {
  EdDSA: (data, key, signature) => verify(null, data, key, signature),
  ES256: (data, key, signature) => verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, signature),
  RS256: (data, key, signature) => verify('sha256', data, key, signature),
};

const readKeys = async (service: TestService) =>
  ((await (await fetch(service.gatewayUrl + JWKS)).json()) as { keys: Jwk[] }).keys;

/** What a program makes of a token that knows the keys and nothing else. */
function check(keys: readonly Jwk[], token: string, now = Date.now()): string {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const { kid, exp } = { ...decodeUnverified(token).header, ...decodeUnverified(token).payload } as Record<
    string,
    unknown
  >;
  const jwk = keys.find((key) => key.kid === kid);
  if (!jwk) return 'unknown key';
  // The algorithm is the key's, whatever the token says.
  const isSigned = SIGNED[jwk.alg]?.(
    Buffer.from(`${header}.${payload}`),
    createPublicKey({ key: jwk, format: 'jwk' }),
    Buffer.from(signature, 'base64url'),
  );
  if (!isSigned) return 'wrong signature';
  return Number(exp) * 1000 > now ? 'valid' : 'expired';
}

describe.each<[SigningAlgorithm, string[]]>([
  ['EdDSA', ['alg', 'crv', 'kid', 'kty', 'use', 'x']],
  ['ES256', ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']],
  ['RS256', ['alg', 'e', 'kid', 'kty', 'n', 'use']],
])('The keys of %s', (algorithm, members) => {
  let database: TestDatabase;
  let service: TestService;
  beforeAll(async () => {
    database = await createTestDatabase();
    service = await startService({
      DATABASE_URL: database.serviceUrl,
      GATEWAY_ADDRESS: '127.0.0.1:0',
      SIGNING_ALGORITHM: algorithm,
    });
  });
  afterAll(async () => {
    await service?.stop();
    await database?.drop();
  });

  it('are all that another program needs: a token is valid, changed ones are not, and none for ever', async () => {
    const keys = await readKeys(service);
    const { accessToken } = (await register(service)).tokens;
    expect(check(keys, accessToken)).toBe('valid');
    expect(check(keys, accessToken, Date.now() + DAY)).toBe('expired');
    const [header, payload, signature] = accessToken.split('.');
    const other = (await register(service)).tokens.accessToken.split('.');
    expect(check(keys, [header, other[1], signature].join('.'))).toBe('wrong signature');
    expect(check(keys, [header, payload, other[2]].join('.'))).toBe('wrong signature');
    expect(check(keys, [header, payload, ''].join('.'))).toBe('wrong signature');
  });

  it('have their public members alone, and are those of GetJwks', async () => {
    const keys = await readKeys(service);
    expect(keys.map((key) => Object.keys(key).sort())).toEqual([members]);
    expect((await service.keys.getJwks({})).keys).toEqual([expect.objectContaining(keys[0] ?? {})]);
  });

  it('are named in the configuration with what is true of them', async () => {
    const response = await fetch(service.gatewayUrl + CONFIGURATION);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual({
      issuer: 'auth-service',
      jwks_uri: service.gatewayUrl + JWKS,
      response_types_supported: [],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: [algorithm],
      claims_supported: ['iss', 'aud', 'sub', 'exp', 'iat', 'jti', 'sid', 'roles'],
    });
  });
});

describe('The documents', () => {
  let database: TestDatabase;
  let service: TestService;
  beforeAll(async () => {
    database = await createTestDatabase();
    service = await startService({
      DATABASE_URL: database.serviceUrl,
      GATEWAY_ADDRESS: '127.0.0.1:0',
      SIGNING_KEY_PUBLISH_AHEAD: '1h',
      SIGNING_KEY_ROTATION: '30d',
      PUBLIC_CALLS_PER_MINUTE: '3',
    });
  });
  afterAll(async () => {
    await service?.stop();
    await database?.drop();
  });

  it.each([
    [JWKS, 'application/jwk-set+json'],
    [CONFIGURATION, 'application/json'],
  ])('%s may be stored, and is not sent again while it is the same', async (path, type) => {
    const url = service.gatewayUrl + path;
    const first = await fetch(url);
    const etag = first.headers.get('etag') ?? '';
    const length = first.headers.get('content-length');
    expect([first.status, first.headers.get('content-type')]).toEqual([200, type]);
    expect(first.headers.get('cache-control')).toBe('public, max-age=1800');
    expect(etag).toMatch(/^"[\w-]{43}"$/);
    await first.text();

    for (const known of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const again = await fetch(url, { headers: { 'if-none-match': known } });
      expect([known, again.status, await again.text()]).toEqual([known, 304, '']);
      expect(again.headers.get('etag')).toBe(etag);
    }
    for (const unknown of ['"x"', '', etag.slice(1), '""']) {
      expect((await fetch(url, { headers: { 'if-none-match': unknown } })).status).toBe(200);
    }
    const head = await fetch(url, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, length, '']);
  });

  it.each([JWKS, CONFIGURATION])('%s is for reading', async (path) => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const { status, headers } = await fetch(service.gatewayUrl + path, { method });
      expect([method, status, headers.get('allow')]).toEqual([method, 405, 'GET, HEAD']);
    }
  });

  it('are there for however many ask at once', async () => {
    const answers = await Promise.all(Array.from({ length: 300 }, () => fetch(service.gatewayUrl + JWKS)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(300);
  });

  it('show a new key so early that nobody who stores them meets one that he does not know', async () => {
    const { tokens } = await register(service);
    const [old] = await readKeys(service);
    // The moment at which the next key is due.
    const rotateKeys = createRotateKeys({
      auth: authFunctionsOf(database),
      cipher: testKeyCipher(),
      clock: { now: () => systemClock.now() + 30 * DAY - HOUR },
      algorithm: 'EdDSA',
      rotation: 30 * DAY,
      publishAhead: HOUR,
      overlap: HOUR,
    });
    const kid = (await rotateKeys('if-due')) ?? '';
    await expect.poll(async () => (await readKeys(service)).map((key) => key.kid), { timeout: 10_000 }).toContain(kid);

    const response = await fetch(service.gatewayUrl + JWKS);
    const maxAge = Number(/max-age=(\d+)/.exec(response.headers.get('cache-control') ?? '')?.[1]) * 1000;
    const { keys: stored } = (await response.json()) as { keys: Jwk[] };
    const [row] = await database.query<{ wait: number }>(
      'select extract(epoch from active_from - now())::float * 1000 as wait from auth.signing_keys where kid = $1',
      [kid],
    );
    // Whoever stored the keys a moment before the new one was there has asked again before it signs.
    expect(row?.wait).toBeGreaterThan(maxAge * 1.9);
    const before = tokensOf(await service.auth.refresh({ refreshToken: tokens.refreshToken })).accessToken;
    expect(decodeUnverified(before).header['kid']).toBe(old?.kid);

    // Now, and not a second ago: the first key may be younger than that.
    await database.query('update auth.signing_keys set active_from = now() where kid = $1', [kid]);
    await service.stop();
    service = await startService({ DATABASE_URL: database.serviceUrl, GATEWAY_ADDRESS: '127.0.0.1:0' });
    const after = (await register(service)).tokens.accessToken;
    expect(decodeUnverified(after).header['kid']).toBe(kid);
    expect([check(stored, after), check(stored, before)]).toEqual(['valid', 'valid']);
  });
});
