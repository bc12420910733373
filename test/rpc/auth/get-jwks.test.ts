import { createLocalJWKSet, jwtVerify } from 'jose';
import type { JWK } from 'jose';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { createRotateKeys } from '../../../src/tokens/rotate-keys.ts';
import type { SigningAlgorithm } from '../../../src/tokens/verification-key.ts';
import { register, tokensOf } from '../../support/people.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { decodeUnverified, testKeyCipher } from '../../support/signing.ts';
import { authFunctionsOf } from '../../support/stored-functions.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import { problemOf } from '../../support/validation.ts';

const HOUR = 3_600_000;

const keysOf = async (service: TestService) => (await service.keys.getJwks({})).keys;

/** Verifies as any other program would, with nothing but what GetJwks says. */
async function verifyElsewhere(service: TestService, token: string) {
  // Protobuf's empty texts are members that the key does not have.
  const keys = (await keysOf(service)).map((key) => Object.fromEntries(Object.entries(key).filter(([, text]) => text)));
  return await jwtVerify(token, createLocalJWKSet({ keys: keys as JWK[] }), {
    issuer: 'auth-service',
    audience: 'internal',
    typ: 'at+jwt',
  });
}

describe('GetJwks', () => {
  describe.each<[SigningAlgorithm, string[]]>([
    ['EdDSA', ['alg', 'crv', 'kid', 'kty', 'use', 'x']],
    ['ES256', ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']],
    ['RS256', ['alg', 'e', 'kid', 'kty', 'n', 'use']],
  ])('with %s', (algorithm, members) => {
    let database: TestDatabase;
    let service: TestService;

    beforeAll(async () => {
      database = await createTestDatabase();
      service = await startService({ DATABASE_URL: database.serviceUrl, SIGNING_ALGORITHM: algorithm });
    });
    afterAll(async () => {
      await service?.stop();
      await database?.drop();
    });

    it('is enough to verify our tokens, and holds nothing private', async () => {
      const { tokens, userId } = await register(service);
      const { payload, protectedHeader } = await verifyElsewhere(service, tokens.accessToken);
      expect(payload.sub).toBe(userId);
      expect(protectedHeader.alg).toBe(algorithm);
      expect(await problemOf(service, tokens.accessToken)).toBeNull();

      const keys = await keysOf(service);
      expect(keys).toHaveLength(1);
      for (const key of keys) {
        const present = Object.entries(key).filter(([, text]) => text !== '');
        expect(present.map(([name]) => name).sort()).toEqual(members);
      }
    });
  });

  it('may be cached for less than a new key is published ahead', async () => {
    const database = await createTestDatabase();
    const service = await startService({ DATABASE_URL: database.serviceUrl, SIGNING_KEY_PUBLISH_AHEAD: '10m' });
    expect((await service.keys.getJwks({})).maxAge).toMatchObject({ seconds: 300, nanos: 0 });
    await service.stop();
    await database.drop();
  });
});

describe('Signing keys', () => {
  let database: TestDatabase;
  const rotateKeys = (algorithm: SigningAlgorithm = 'EdDSA') =>
    createRotateKeys({
      auth: authFunctionsOf(database),
      cipher: testKeyCipher(),
      clock: systemClock,
      algorithm,
      rotation: 24 * HOUR,
      publishAhead: HOUR,
      overlap: HOUR,
    });
  const inDatabase = () => database.query<{ kid: string }>('select kid from auth.signing_keys');

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(async () => {
    await database?.drop();
  });

  it('20 first starts at once leave one key, 20 rotations that are due at once leave one more', async () => {
    const all = () => Promise.all(Array.from({ length: 20 }, () => rotateKeys()('if-due')));
    expect((await all()).filter((kid) => kid !== null)).toHaveLength(1);
    expect(await inDatabase()).toHaveLength(1);

    expect((await all()).filter((kid) => kid !== null)).toHaveLength(0);
    await database.query(`update auth.signing_keys set active_from = active_from - interval '23 hours 30 minutes'`);
    expect((await all()).filter((kid) => kid !== null)).toHaveLength(1);
    expect(await inDatabase()).toHaveLength(2);
    const [next] = await database.query<{ minutes: number }>(
      `select extract(epoch from max(active_from) - now())::int / 60 as minutes from auth.signing_keys`,
    );
    // Published for as long as verifiers need, though it is due in half that time.
    expect(next?.minutes).toBeGreaterThanOrEqual(58);
  });

  it('are replaced at once while the service runs, and no token dies of it', async () => {
    const settings = { DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl') };
    const [first, second] = await Promise.all([startService(settings), startService(settings)]);
    try {
      const { tokens } = await register(first);
      const kidOf = (token: string) => decodeUnverified(token).header['kid'];
      const oldKid = kidOf(tokens.accessToken);
      const newKid = await rotateKeys('ES256')('at-once');
      expect(newKid).not.toBeNull();

      for (const replica of [first, second]) {
        const listed = async () => (await keysOf(replica)).map(({ kid }) => kid);
        await expect.poll(listed, { timeout: 4000, interval: 50 }).toEqual(expect.arrayContaining([oldKid, newKid]));
      }
      // Not before every verifier may know it.
      let { refreshToken, accessToken } = tokensOf(await second.auth.refresh({ refreshToken: tokens.refreshToken }));
      expect(kidOf(accessToken)).toBe(oldKid);
      await expect
        .poll(
          async () => {
            ({ refreshToken, accessToken } = tokensOf(await second.auth.refresh({ refreshToken })));
            return kidOf(accessToken);
          },
          { timeout: 10_000, interval: 200 },
        )
        .toBe(newKid);

      for (const replica of [first, second]) {
        for (const token of [tokens.accessToken, accessToken]) {
          expect(await problemOf(replica, token)).toBeNull();
          await verifyElsewhere(replica, token);
        }
      }
      // Retired: its tokens are over, the new one's are not.
      await database.query(`update auth.signing_keys set retired_at = now() where kid = $1`, [oldKid]);
      await database.query('update auth.revocation_state set keys_version = keys_version + 1');
      await expect.poll(() => problemOf(first, tokens.accessToken), { timeout: 5000 }).toBe('TOKEN_KEY_UNKNOWN');
      expect(await problemOf(first, accessToken)).toBeNull();
    } finally {
      await Promise.all([first.stop(), second.stop()]);
    }
  });
});
