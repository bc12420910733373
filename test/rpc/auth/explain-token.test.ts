import { generateKeyPairSync, randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { LogoutScope } from '../../../src/gen/auth/v1/auth_service.ts';
import { ErrorReason } from '../../../src/gen/auth/v1/error_reason.ts';
import { forgedTokens, misdirectedTokens, respelledTokens } from '../../support/hostile-tokens.ts';
import type { Material } from '../../support/hostile-tokens.ts';
import { PASSWORD, bearer, register, tokensOf } from '../../support/people.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { decodeUnverified, signJws, signingKeyOf } from '../../support/signing.ts';
import { signInAs } from '../../support/staff.ts';
import { authFunctionsOf } from '../../support/stored-functions.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import { problemOf } from '../../support/validation.ts';

let database: TestDatabase;
let service: TestService;
let support: Awaited<ReturnType<typeof signInAs>>;
let key: Awaited<ReturnType<typeof signingKeyOf>>;

beforeAll(async () => {
  database = await createTestDatabase();
  service = await startService({ DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl') });
  support = await signInAs(service, database, 'support');
  key = await signingKeyOf(database);
});
afterAll(async () => {
  await service?.stop();
  await database?.drop();
});

/** The answer, the reason of its problem by name. */
async function explain(accessToken: string, by = support.tokens.accessToken) {
  const answer = await service.tokensAdmin.explainToken({ accessToken }, bearer(by));
  const { problem, ...rest } = answer;
  const reason = Object.entries(ErrorReason).find(([, value]) => value === problem?.reason)?.[0] ?? null;
  return { ...rest, reason: problem ? reason : null };
}

/** A token of ours with other claims: rightly signed. */
function signedAnew(accessToken: string, change: object): string {
  const { header, payload } = decodeUnverified(accessToken);
  return signJws(key, header, { ...payload, ...change });
}

const NOTHING_KNOWN = { claims: undefined, revocations: [], session: undefined, account: undefined };

describe('ExplainToken', () => {
  it('finds nothing wrong with a live token, and says whose it is', async () => {
    const { userId, tokens } = await register(service);
    const { payload } = decodeUnverified(tokens.accessToken);
    const { reason, claims, keyId, key: itsKey, revocations, session, account } = await explain(tokens.accessToken);
    expect(reason).toBeNull();
    expect(claims).toEqual({
      userId,
      sessionId: tokens.sessionId,
      tokenId: payload['jti'],
      roles: ['customer'],
      issueTime: new Date(Number(payload['iat']) * 1000),
      expireTime: tokens.accessTokenExpireTime,
    });
    expect(keyId).toBe(key.kid);
    expect(itsKey).toEqual({ algorithm: 'EdDSA', activeTime: new Date(key.activeFrom), retireTime: undefined });
    expect(revocations).toEqual([]);
    expect(session).toMatchObject({ endTime: undefined, endTrigger: '' });
    expect(session?.createTime?.getTime()).toBeLessThanOrEqual(Date.now());
    expect(session?.lastUseTime?.getTime()).toBeGreaterThanOrEqual(session?.createTime?.getTime() ?? Infinity);
    expect(session?.expireTime?.getTime()).toBeGreaterThan(Date.now() + 29 * 24 * 3_600_000);
    expect(account).toEqual({ isActive: true });
  });

  it('tells an expired token by its claims, session and account', async () => {
    const { userId, tokens } = await register(service);
    const now = Math.floor(Date.now() / 1000);
    const answer = await explain(signedAnew(tokens.accessToken, { iat: now - 700, exp: now - 100 }));
    expect(answer).toMatchObject({
      reason: 'TOKEN_EXPIRED',
      claims: { userId, expireTime: new Date((now - 100) * 1000) },
      revocations: [],
      session: { endTime: undefined },
      account: { isActive: true },
    });
  });

  it('names the key of a token from another environment, and believes nothing else of it', async () => {
    const { tokens } = await register(service);
    const { header, payload } = decodeUnverified(tokens.accessToken);
    const foreign = { ...generateKeyPairSync('ed25519'), algorithm: 'EdDSA' as const };
    const answer = await explain(signJws(foreign, { ...header, kid: 'key-of-the-staging-environment' }, payload));
    expect(answer).toMatchObject({ reason: 'TOKEN_KEY_UNKNOWN', keyId: 'key-of-the-staging-environment' });
    expect(answer).toMatchObject({ key: undefined, ...NOTHING_KNOWN });
  });

  it.each([
    ['a changed claim', (good: string) => good.split('.').with(1, claimsOfASuperadmin(good)).join('.')],
    [
      'the signature of another key under our key id',
      (good: string) => {
        const { header, payload } = decodeUnverified(good);
        return signJws({ ...generateKeyPairSync('ed25519'), algorithm: 'EdDSA' }, header, payload);
      },
    ],
  ])('shows no claim of a token with %s', async (_, forge) => {
    const { tokens } = await register(service);
    const answer = await explain(forge(tokens.accessToken));
    expect(answer).toMatchObject({ reason: 'TOKEN_SIGNATURE_INVALID', keyId: key.kid, ...NOTHING_KNOWN });
    expect(answer.key?.algorithm).toBe('EdDSA');
  });

  it.each([
    ['a word', () => 'token'],
    ['a refresh token', (_: string, refreshToken: string) => refreshToken],
    ['a good one with a space behind', (good: string) => `${good} `],
  ])('knows nothing of a text that is no token: %s', async (_, make) => {
    const { tokens } = await register(service);
    expect(await explain(make(tokens.accessToken, tokens.refreshToken))).toMatchObject({
      reason: 'TOKEN_MALFORMED',
      keyId: '',
      key: undefined,
      ...NOTHING_KNOWN,
    });
  });

  it('reads on where our key has signed what is meant for something else, as far as it can be read', async () => {
    const { userId, tokens } = await register(service);
    expect(
      await explain(signedAnew(tokens.accessToken, { aud: 'other', jti: 'x', exp: 1e15, roles: 1 })),
    ).toMatchObject({
      reason: 'TOKEN_CLAIMS_INVALID',
      claims: { userId, sessionId: tokens.sessionId, tokenId: '', roles: [], expireTime: undefined },
      session: { endTime: undefined },
      account: { isActive: true },
    });
    const { header, payload } = decodeUnverified(tokens.accessToken);
    expect(await explain(signJws(key, { ...header, typ: 'JWT' }, payload))).toMatchObject({
      reason: 'TOKEN_MALFORMED',
      keyId: key.kid,
      claims: { userId },
    });
  });

  it.each(['sneaky\u001b[2J', 'two\nlines', '\uFFFD'])('does not repeat the key id %j', async (kid) => {
    const { header, payload } = decodeUnverified(support.tokens.accessToken);
    const answer = await explain(signJws(key, { ...header, kid }, payload));
    expect(answer).toMatchObject({ reason: 'TOKEN_KEY_UNKNOWN', keyId: '', key: undefined });
  });

  it('knows that an account is not active; its tokens live on until they are revoked', async () => {
    const { userId, tokens } = await register(service);
    await database.query('update accounts.users set is_active = false where id = $1', [userId]);
    expect(await explain(tokens.accessToken)).toMatchObject({ reason: null, account: { isActive: false } });
    await database.query('update accounts.users set is_active = true, deleted_at = now() where id = $1', [userId]);
    expect(await explain(tokens.accessToken)).toMatchObject({ reason: null, account: { isActive: false } });
  });

  it.each([
    ['no token', ''],
    ['8193 bytes', 'a'.repeat(8193)],
  ])('refuses the question with %s', async (_, accessToken) => {
    expect(
      await refusalOf(service.tokensAdmin.explainToken({ accessToken }, bearer(support.tokens.accessToken))),
    ).toMatchObject({ status: 'INVALID_ARGUMENT', reason: 'INVALID_REQUEST', fields: ['access_token'] });
  });
});

describe('ExplainToken of a revoked token', () => {
  it.each([
    [LogoutScope.THIS_SESSION, 'logout_this'],
    [LogoutScope.ALL_SESSIONS, 'logout_all'],
  ])('by its own logout (%s): both revocations, by whom, when and why', async (scope, trigger) => {
    const { userId, tokens } = await register(service);
    const before = Date.now();
    const { revision } = await service.auth.logout({ scope }, bearer(tokens.accessToken));
    const answer = await explain(tokens.accessToken);

    const common = { trigger, revokedBy: userId };
    expect(answer).toMatchObject({
      reason: 'TOKEN_REVOKED',
      claims: { userId },
      revocations: [
        { ...common, revision: revision - 1, subject: { $case: 'sessionId', value: tokens.sessionId } },
        { ...common, revision, subject: { $case: 'tokenId', value: answer.claims?.tokenId } },
      ],
      session: { endTrigger: trigger, endedBy: userId },
      account: { isActive: true },
    });
    expect(answer.revision).toBeGreaterThanOrEqual(revision);
    for (const time of [...answer.revocations.map(({ createTime }) => createTime), answer.session?.endTime]) {
      // One machine, but two clocks that are read in their own steps.
      expect(Math.abs((time?.getTime() ?? 0) - before)).toBeLessThan(60_000);
    }
  });

  it('by a logout of the other sessions: from another session, and the one it came from is well', async () => {
    const { userId, secondLogin, tokens } = await register(service);
    const other = tokensOf(await service.auth.login({ login: secondLogin, password: PASSWORD }));
    await service.auth.logout({ scope: LogoutScope.OTHER_SESSIONS }, bearer(tokens.accessToken));
    expect(await explain(other.accessToken)).toMatchObject({
      reason: 'TOKEN_REVOKED',
      revocations: [
        { trigger: 'logout_others', revokedBy: userId, subject: { $case: 'sessionId', value: other.sessionId } },
      ],
      session: { endTrigger: 'logout_others' },
    });
    expect(await explain(tokens.accessToken)).toMatchObject({
      reason: null,
      revocations: [],
      session: { endTrigger: '' },
    });
  });

  it('by the reuse of a refresh token: by the service itself', async () => {
    const { tokens } = await register(service);
    const second = tokensOf(await service.auth.refresh({ refreshToken: tokens.refreshToken }));
    const third = tokensOf(await service.auth.refresh({ refreshToken: second.refreshToken }));
    await refusalOf(service.auth.refresh({ refreshToken: tokens.refreshToken }));
    for (const { accessToken } of [tokens, second, third]) {
      expect(await explain(accessToken)).toMatchObject({
        reason: 'TOKEN_REVOKED',
        revocations: [
          { trigger: 'refresh_reuse', revokedBy: '', subject: { $case: 'sessionId', value: tokens.sessionId } },
        ],
        session: { endTrigger: 'refresh_reuse', endedBy: '' },
      });
    }
  });

  it('after its revocation was cleaned up: the session still tells its end, until it is cleaned up, too', async () => {
    const { userId, tokens } = await register(service);
    await service.auth.logout({}, bearer(tokens.accessToken));
    const now = Math.floor(Date.now() / 1000);
    const expired = signedAnew(tokens.accessToken, { iat: now - 2500, exp: now - 700 });

    const cleanUp = (sessionRetention: number) =>
      authFunctionsOf(database).deleteExpired({
        batch: 1000,
        sessionRetention,
        eventRetention: 3_600_000,
        messageRetention: 3_600_000,
      });
    const age = `now() - interval '10 minutes'`;
    await database.query(`update auth.revocations set expires_at = ${age} where user_id = $1`, [userId]);
    await cleanUp(3_600_000);
    expect(await explain(expired)).toMatchObject({
      reason: 'TOKEN_EXPIRED',
      revocations: [],
      session: { endTrigger: 'logout_this', endTime: expect.any(Date), endedBy: userId },
    });

    await database.query(`update auth.sessions set ended_at = ${age}, access_expires_at = ${age} where id = $1`, [
      tokens.sessionId,
    ]);
    await cleanUp(60_000);
    expect(await explain(expired)).toMatchObject({
      reason: 'TOKEN_EXPIRED',
      claims: { sessionId: tokens.sessionId },
      session: undefined,
      account: { isActive: true },
    });
  });

  it('that was revoked while the question was being answered: the answer is about one moment', async () => {
    const { userId, tokens } = await register(service);
    const owner = new pg.Client({ connectionString: database.ownerUrl });
    await owner.connect();
    try {
      await owner.query('begin');
      // The look into the database begins with an event, and so waits here; the token has been found live by then.
      await owner.query('lock table auth.outbox_events in exclusive mode');
      const answer = explain(tokens.accessToken);
      const waiting = `select from pg_locks where relation = 'auth.outbox_events'::regclass and not granted`;
      await expect.poll(async () => (await database.query(waiting)).length, { timeout: 10_000 }).toBe(1);
      await owner.query('select auth.end_sessions($1, array[$2::uuid], $3, $4)', [
        userId,
        tokens.sessionId,
        'administrator',
        support.userId,
      ]);
      await owner.query('commit');
      expect(await answer).toMatchObject({
        reason: 'TOKEN_REVOKED',
        revocations: [{ trigger: 'administrator', revokedBy: support.userId }],
        session: { endTrigger: 'administrator' },
      });
    } finally {
      await owner.end();
    }
  });
});

describe('ExplainToken and ValidateToken', () => {
  it.each([
    ['forged', forgedTokens, 45],
    ['signed by our key and meant for something else', misdirectedTokens, 55],
    ['good ones in another spelling', respelledTokens, 35],
  ] as const)('agree about tokens that are %s', async (_, make, atLeast) => {
    const { tokens } = await register(service);
    const { tokens: others } = await register(service);
    const material: Material = {
      good: tokens.accessToken,
      another: others.accessToken,
      refreshToken: tokens.refreshToken,
      key,
    };
    const cases = make(material);
    expect(cases.length).toBeGreaterThanOrEqual(atLeast);
    const answers: Record<string, unknown> = {};
    for (const [name, token, expected] of cases) {
      const [{ reason, claims }, validated] = await Promise.all([explain(token), problemOf(service, token)]);
      if (reason !== expected || reason !== validated) answers[name] = { reason, validated };
      // A token that nobody of ours has signed tells nothing.
      if (reason === 'TOKEN_SIGNATURE_INVALID' || reason === 'TOKEN_KEY_UNKNOWN') expect(claims, name).toBeUndefined();
    }
    expect(answers).toEqual({});
  });
});

describe('ExplainToken is for those who hold its permission', () => {
  const ask = (accessToken: string) =>
    service.tokensAdmin.explainToken({ accessToken: support.tokens.accessToken }, bearer(accessToken));
  const REFUSED = {
    status: 'PERMISSION_DENIED',
    reason: 'PERMISSION_REQUIRED',
    metadata: { permission: 'auth.tokens.explain' },
  };

  it.each(['superadmin', 'support'])('a %s', async (role) => {
    const { tokens } = await signInAs(service, database, role);
    expect((await ask(tokens.accessToken)).claims?.userId).toBe(support.userId);
  });

  it.each(['customer', 'driver', 'executor_head', 'firm_head', 'order_desk', 'manager'])('not a %s', async (role) => {
    const { tokens } = await (role === 'customer' ? register(service) : signInAs(service, database, role));
    expect(await refusalOf(ask(tokens.accessToken))).toMatchObject(REFUSED);
  });

  it('not a service by itself', async () => {
    // On this listener every local caller is a service.
    expect(await refusalOf(service.tokensAdmin.explainToken({ accessToken: 'x' }))).toMatchObject({
      status: 'UNAUTHENTICATED',
      reason: 'TOKEN_MISSING',
    });
  });

  it.each([
    [
      'his role was taken away',
      'update accounts.user_group_memberships set is_active = false, deleted_at = now() where user_id = $1',
    ],
    ['his account was deactivated', 'update accounts.users set is_active = false where id = $1'],
  ])('not a superadmin any more, from the very next call, when %s: his token does not count', async (_, change) => {
    const { userId, tokens } = await signInAs(service, database, 'superadmin');
    await ask(tokens.accessToken);
    await database.query(change, [userId]);
    expect(await refusalOf(ask(tokens.accessToken))).toMatchObject(REFUSED);
    expect(decodeUnverified(tokens.accessToken).payload['roles']).toContain('superadmin');
    expect(await problemOf(service, tokens.accessToken)).toBeNull();
  });

  it('and at once a customer who was made a superadmin: it is the database that knows', async () => {
    const { userId, tokens } = await register(service);
    await refusalOf(ask(tokens.accessToken));
    await database.query(
      `insert into accounts.user_group_memberships (user_id, group_name) values ($1, 'superadmin')`,
      [userId],
    );
    expect((await ask(tokens.accessToken)).claims?.userId).toBe(support.userId);
  });

  it('not with a token that was revoked a moment ago, which nobody has announced', async () => {
    const { userId, tokens } = await signInAs(service, database, 'superadmin');
    await ask(tokens.accessToken);
    await database.query('select auth.end_sessions($1, array[$2::uuid], $3, null)', [userId, tokens.sessionId, 'test']);
    expect(await refusalOf(ask(tokens.accessToken))).toMatchObject({
      status: 'UNAUTHENTICATED',
      reason: 'TOKEN_REVOKED',
    });
  });

  it('is refused with the reason of the own token, where that is bad', async () => {
    const { tokens } = await signInAs(service, database, 'superadmin');
    const now = Math.floor(Date.now() / 1000);
    const expired = signedAnew(tokens.accessToken, { iat: now - 700, exp: now - 100 });
    expect(await refusalOf(ask(expired))).toMatchObject({ status: 'UNAUTHENTICATED', reason: 'TOKEN_EXPIRED' });
    const [header, , signature] = tokens.accessToken.split('.');
    const forged = [header, claimsOfASuperadmin(tokens.accessToken), signature].join('.');
    expect(await refusalOf(ask(forged))).toMatchObject({ reason: 'TOKEN_SIGNATURE_INVALID' });
    expect(await refusalOf(ask('token'))).toMatchObject({ reason: 'TOKEN_MALFORMED' });
  });
});

describe('ExplainToken leaves a trace', () => {
  const eventsOf = (userId: string) =>
    database.query<{ user_id: string; session_id: string; data: object }>(
      `select user_id, session_id, data from auth.outbox_events
        where type = 'token.explained' and (user_id = $1 or data ->> 'actor' = $1::text)`,
      [userId],
    );

  it('of who asked about whom, and of a question about a text that is no token', async () => {
    const asking = await signInAs(service, database, 'support');
    const { userId, tokens } = await register(service);
    const { claims } = await explain(tokens.accessToken, asking.tokens.accessToken);
    const data = { actor: asking.userId, token_id: claims?.tokenId };
    expect(await eventsOf(userId)).toEqual([{ user_id: userId, session_id: tokens.sessionId, data }]);

    await explain('token', asking.tokens.accessToken);
    expect(await eventsOf(asking.userId)).toContainEqual({
      user_id: null,
      session_id: null,
      data: { actor: asking.userId },
    });
  });

  it('of nobody who was refused, but in the log', async () => {
    const { userId, tokens } = await register(service);
    await refusalOf(
      service.tokensAdmin.explainToken({ accessToken: support.tokens.accessToken }, bearer(tokens.accessToken)),
    );
    expect(await eventsOf(userId)).toEqual([]);
    const lines = () => service.logLines.filter((line) => line['reason'] === 'PERMISSION_REQUIRED');
    await expect.poll(lines, { timeout: 5000 }).toContainEqual(expect.objectContaining({ userId }));
  });

  it('without the token: it is in no answer, event or line of the log', async () => {
    const { tokens } = await register(service);
    const now = Math.floor(Date.now() / 1000);
    const texts = [
      tokens.accessToken,
      signedAnew(tokens.accessToken, { iat: now - 700, exp: now - 100 }),
      signedAnew(tokens.accessToken, { aud: `other-${randomUUID()}` }),
      `${tokens.accessToken} `,
      tokens.refreshToken,
    ];
    const answers: unknown[] = [];
    for (const text of texts) answers.push(await explain(text));
    const events = await database.query('select * from auth.outbox_events');
    expect(events.length).toBeGreaterThan(texts.length);
    expect(service.logLines.length).toBeGreaterThan(texts.length);
    const seen = JSON.stringify([answers, events, service.logLines]);
    for (const text of [...texts, support.tokens.accessToken]) {
      // Its last part alone would be enough to be ashamed of.
      for (const part of [text.trim(), text.trim().split('.').at(-1) ?? '']) expect(seen).not.toContain(part);
    }
  });
});

describe('A database that does not know a permission that a method names', () => {
  it('stops the start, which says what to do', async () => {
    const other = await createTestDatabase();
    try {
      await other.query(`delete from accounts.role_permissions where permission = 'auth.tokens.explain'`);
      await other.query(
        `update accounts.permissions set name = 'auth.token.explain' where name = 'auth.tokens.explain'`,
      );
      await expect(startService({ DATABASE_URL: other.serviceUrl })).rejects.toThrow(
        'Methods name permissions that are not in accounts.permissions: ' +
          'auth.tokens.explain (auth.v1.TokensAdminService/ExplainToken). Run: npm run migrate',
      );
    } finally {
      await other.drop();
    }
  });
});

/** The payload of a token, with a role more. */
function claimsOfASuperadmin(token: string): string {
  const { payload } = decodeUnverified(token);
  return Buffer.from(JSON.stringify({ ...payload, roles: ['superadmin'] })).toString('base64url');
}
