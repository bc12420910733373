import { Metadata } from 'nice-grpc';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { forgedTokens, misdirectedTokens, respelledTokens } from '../../support/hostile-tokens.ts';
import type { HostileToken, Material } from '../../support/hostile-tokens.ts';
import { bearer, register } from '../../support/people.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { decodeUnverified, signJws, signingKeyOf } from '../../support/signing.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import { problemOf } from '../../support/validation.ts';

describe('Hostile tokens', () => {
  let database: TestDatabase;
  let service: TestService;
  let material: Material;

  beforeAll(async () => {
    database = await createTestDatabase();
    service = await startService({ DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl') });
    const { tokens } = await register(service);
    const { tokens: others } = await register(service);
    material = {
      good: tokens.accessToken,
      another: others.accessToken,
      refreshToken: tokens.refreshToken,
      key: await signingKeyOf(database),
    };
  });
  afterAll(async () => {
    await service?.stop();
    await database?.drop();
  });

  /** Names of the cases whose token was not refused as it should be, with what came instead. */
  async function wronglyAnswered(
    cases: readonly HostileToken[],
    ask: (token: string) => Promise<string | null | undefined>,
  ) {
    const wrong: Record<string, unknown> = {};
    for (const [name, token, reason] of cases) {
      const answer = await ask(token).catch((error: unknown) => String(error));
      if (answer !== reason) wrong[name] = answer ?? 'accepted';
    }
    return wrong;
  }

  const kinds: [kind: string, make: (material: Material) => HostileToken[], atLeast: number][] = [
    ['forged', forgedTokens, 45],
    ['signed by our key and meant for something else', misdirectedTokens, 55],
    ['good ones in another spelling', respelledTokens, 35],
  ];

  it.each(kinds)('%s: ValidateToken accepts none', async (_, make, atLeast) => {
    const cases = make(material);
    expect(cases.length).toBeGreaterThanOrEqual(atLeast);
    expect(new Set(cases.map(([name]) => name)).size).toBe(cases.length);
    expect(await wronglyAnswered(cases, (token) => problemOf(service, token))).toEqual({});
  });

  it.each(kinds)('%s: Logout accepts none', async (_, make) => {
    // Metadata is printable ASCII; other texts do not leave a client. A space ends the token there.
    const cases = make(material).filter(([, token]) => /^[!-~]+$/.test(token));
    expect(cases.length).toBeGreaterThanOrEqual(25);
    const ask = async (token: string) => {
      const refusal = await refusalOf(service.auth.logout({}, bearer(token)));
      expect(refusal.status).toBe('UNAUTHENTICATED');
      return refusal.reason;
    };
    expect(await wronglyAnswered(cases, ask)).toEqual({});
  });

  it.each([
    ['without a scheme', (token: string) => token],
    ['with two spaces', (token: string) => `Bearer  ${token}`],
    ['with another scheme', (token: string) => `Basic ${token}`],
    ['followed by another', (token: string) => `Bearer ${token} ${token}`],
    ['of a scheme alone', () => 'Bearer'],
  ])('a header %s is no token', async (_, make) => {
    const metadata = Metadata({ authorization: make(material.good) });
    expect(await refusalOf(service.auth.logout({}, { metadata }))).toMatchObject({
      status: 'UNAUTHENTICATED',
      reason: 'TOKEN_MALFORMED',
    });
  });

  it('the answer to a bad token tells nothing of whom it names', async () => {
    const { payload } = decodeUnverified(material.good);
    for (const [, token] of misdirectedTokens(material)) {
      const answer = JSON.stringify(await service.auth.validateToken({ accessToken: token }));
      for (const claim of ['sub', 'sid', 'jti']) expect(answer).not.toContain(payload[claim]);
    }
  });

  it('what they are made of is good: the same token, signed anew, is accepted', async () => {
    const { header, payload } = decodeUnverified(material.good);
    expect(await problemOf(service, signJws(material.key, header, payload))).toBeNull();
  });

  it('the service has no defect to tell of, and answers', async () => {
    expect(service.logLines.filter(({ reason, level }) => reason === 'INTERNAL' || Number(level) >= 50)).toEqual([]);
    expect(await problemOf(service, material.good)).toBeNull();
    await service.auth.logout({}, bearer(material.another));
  });
});
