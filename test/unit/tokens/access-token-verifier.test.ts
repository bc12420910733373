import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createAccessTokens } from '../../../src/tokens/access-token-issuer.ts';
import { createAccessTokenVerifier } from '../../../src/tokens/access-token-verifier.ts';
import type { SigningKey } from '../../../src/tokens/signing-key.ts';
import type { SigningAlgorithm } from '../../../src/tokens/verification-key.ts';
import { cacheVerifiedTokens } from '../../../src/tokens/verified-token-cache.ts';
import { decodeUnverified, signJws } from '../../support/signing.ts';

const NOW = Date.UTC(2030, 0, 1);
const subject = {
  userId: '00000000-0000-4000-8000-000000000001',
  sessionId: '00000000-0000-4000-8000-000000000002',
  roles: ['customer'],
};
const pairOf = {
  EdDSA: () => generateKeyPairSync('ed25519'),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
};

/** An issuer and a verifier of one key and one clock, which the test sets. */
function setUp(algorithm: SigningAlgorithm = 'EdDSA') {
  let now = NOW;
  let isKept = true;
  let checks = 0;
  const key: SigningKey = {
    kid: 'the-key',
    algorithm,
    ...pairOf[algorithm](),
    publicJwk: {},
    createdAt: 0,
    activeFrom: 0,
    retiredAt: null,
  };
  const clock = { now: () => now };
  const keys = { current: () => key, find: (kid: string) => (isKept && kid === key.kid ? key : undefined) };
  const claims = { issuer: 'auth-service', audience: 'internal' };
  const tokens = createAccessTokens({ keys, clock, ...claims, lifetime: 30 * 60_000 });
  const verify = createAccessTokenVerifier({ keys, clock, ...claims });
  return {
    key,
    tokens,
    verify,
    cached: cacheVerifiedTokens({
      verify: (text) => {
        checks += 1;
        return verify(text);
      },
      keys,
      clock,
      size: 2,
    }),
    checks: () => checks,
    setTime: (time: number) => (now = time),
    dropKey: () => (isKept = false),
    issue: () => tokens.issue(tokens.plan(), subject),
  };
}

describe('An access token', () => {
  it.each(['EdDSA', 'ES256', 'RS256'] as const)('is what its verifier reads: %s', async (algorithm) => {
    const { tokens, verify } = setUp(algorithm);
    const plan = tokens.plan();
    const token = await tokens.issue(plan, subject);
    expect(verify(token)).toEqual({
      ...subject,
      tokenId: plan.tokenId,
      issuedAt: plan.issuedAt.getTime(),
      expiresAt: plan.expiresAt.getTime(),
      kid: 'the-key',
    });
    expect(decodeUnverified(token).header).toEqual({ alg: algorithm, kid: 'the-key', typ: 'at+jwt' });
    expect(Object.keys(decodeUnverified(token).payload).sort()).toEqual([
      'aud',
      'exp',
      'iat',
      'iss',
      'jti',
      'roles',
      'sid',
      'sub',
    ]);
  });

  it('lives from 28.5 to 30 minutes, so that fleets do not refresh in step', () => {
    const { tokens } = setUp();
    const lives = Array.from({ length: 500 }, () => tokens.plan()).map(
      ({ issuedAt, expiresAt }) => (expiresAt.getTime() - issuedAt.getTime()) / 60_000,
    );
    expect(Math.min(...lives)).toBeGreaterThanOrEqual(28.5);
    expect(Math.max(...lives)).toBeLessThanOrEqual(30);
    expect(new Set(lives).size).toBeGreaterThan(50);
  });

  it('is over 5 seconds after its expiry, to the millisecond, remembered or not', async () => {
    const { tokens, verify, cached, setTime } = setUp();
    const plan = tokens.plan();
    const token = await tokens.issue(plan, subject);
    expect(typeof cached(token)).toBe('object');
    setTime(plan.expiresAt.getTime() + 4999);
    expect(typeof verify(token)).toBe('object');
    expect(typeof cached(token)).toBe('object');
    setTime(plan.expiresAt.getTime() + 5000);
    expect(verify(token)).toBe('TOKEN_EXPIRED');
    expect(cached(token)).toBe('TOKEN_EXPIRED');
  });

  it('may come from a clock that is 5 seconds ahead, not more', async () => {
    const { issue, verify, setTime } = setUp();
    const token = await issue();
    setTime(NOW - 5000);
    expect(typeof verify(token)).toBe('object');
    setTime(NOW - 5001);
    expect(verify(token)).toBe('TOKEN_CLAIMS_INVALID');
  });

  it('is over with its key, remembered or not', async () => {
    const { issue, cached, dropKey } = setUp();
    const token = await issue();
    expect(typeof cached(token)).toBe('object');
    dropKey();
    expect(cached(token)).toBe('TOKEN_KEY_UNKNOWN');
  });

  it('is checked once while it is remembered, and another text with the same end is another token', async () => {
    const { issue, cached, checks } = setUp();
    const token = await issue();
    cached(token);
    cached(token);
    expect(checks()).toBe(1);
    const [header, payload, signature] = token.split('.');
    const forged = `${header}.${Buffer.from(JSON.stringify({ ...decodeUnverified(token).payload, roles: ['superadmin'] })).toString('base64url')}.${signature}`;
    expect(cached(forged)).toBe('TOKEN_SIGNATURE_INVALID');
    expect(payload).not.toBe('');
    expect(cached(token)).toMatchObject({ roles: ['customer'] });
  });

  it('that names a time to begin is not ours', async () => {
    const { issue, key, verify } = setUp();
    const { header, payload } = decodeUnverified(await issue());
    expect(typeof verify(signJws(key, header, payload))).toBe('object');
    for (const nbf of [NOW / 1000 + 60, NOW / 1000 - 60, 'x']) {
      expect(verify(signJws(key, header, { ...payload, nbf }))).toBe('TOKEN_CLAIMS_INVALID');
    }
  });
});
