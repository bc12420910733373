import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { LogoutScope } from '../../../src/gen/auth/v1/auth_service.ts';
import type { RegisterRequest, RegisterResponse } from '../../../src/gen/auth/v1/auth_service.ts';
import { PASSWORD, bearer, newPerson, tokensOf } from '../../support/people.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';

describe('Register with an idempotency key', () => {
  let database: TestDatabase;
  let service: TestService;
  let other: TestService;

  beforeAll(async () => {
    database = await createTestDatabase();
    const settings = {
      DATABASE_URL: database.serviceUrl,
      REDIS_URL: inject('redisUrl'),
      DATABASE_POOL_SIZE: '20',
      HASH_CONCURRENCY: '4',
    };
    service = await startService(settings);
    other = await startService(settings);
  });
  afterAll(async () => {
    await service?.stop();
    await other?.stop();
    await database?.drop();
  });

  it('answers a repeat with the same account and the very same tokens', async () => {
    const request = keyed();
    const first = await service.auth.register(request);
    expect(await service.auth.register(request)).toEqual(first);
    expect(await countUsers(request)).toBe(1);
  });

  it('answers the same on another replica', async () => {
    const request = keyed();
    const first = await service.auth.register(request);
    expect(await other.auth.register(request)).toEqual(first);
  });

  it('answers when the first answer was lost', async () => {
    const request = keyed();
    const left = new AbortController();
    const lost = service.auth.register(request, { signal: left.signal }).catch((error: unknown) => error);
    // The client goes away when the account is there.
    await expect.poll(() => countUsers(request), { interval: 2, timeout: 20_000 }).toBe(1);
    left.abort();
    await lost;

    const answer = await service.auth.register(request);
    expect(await countUsers(request)).toBe(1);
    const { refreshToken } = tokensOf(answer);
    tokensOf(await service.auth.refresh({ refreshToken }));
  });

  it('50 keys, each in 8 calls at once: 50 users, and the 8 answers are equal', { timeout: 180_000 }, async () => {
    const requests = Array.from({ length: 50 }, () => keyed());
    const answers: RegisterResponse[][] = [];
    // Five keys at a time: a call waits two seconds for a connection to the database, and no longer.
    for (let start = 0; start < requests.length; start += 5) {
      const calls = requests.slice(start, start + 5).map((request) => {
        const replicas = Array.from({ length: 8 }, (_, index) => (index % 2 === 0 ? service : other));
        return Promise.all(replicas.map((replica) => replica.auth.register({ ...request })));
      });
      answers.push(...(await Promise.all(calls)));
    }
    for (const [first, ...repeats] of answers) for (const repeat of repeats) expect(repeat).toEqual(first);
    expect(new Set(answers.map(([first]) => first?.userId)).size).toBe(50);
    expect((await Promise.all(requests.map(countUsers))).every((users) => users === 1)).toBe(true);
    const ids = answers.map(([first]) => first?.userId);
    for (const table of ['auth.sessions', 'auth.refresh_tokens', 'auth.registrations']) {
      const rows = await database.query(`select from ${table} where user_id = any ($1)`, [ids]);
      expect(rows, table).toHaveLength(50);
    }
  });

  it('reads the profile as JSON: the order of its keys means nothing', async () => {
    const request = keyed({ profile: { a: 1, b: { c: [1, 2], d: 'x' } } });
    const first = await service.auth.register(request);
    const again = await service.auth.register({ ...request, profile: { b: { d: 'x', c: [1, 2] }, a: 1 } });
    expect(again).toEqual(first);
  });

  it('reads contacts as they are stored: another spelling is the same request', async () => {
    const request = keyed({ email: `${randomUUID()}@example.com` });
    const first = await service.auth.register(request);
    const again = await service.auth.register({
      ...request,
      secondLogin: request.secondLogin.toUpperCase(),
      phone: request.phone.replace('+7', '8 '),
      email: request.email.toUpperCase(),
      groupNames: [],
    });
    expect(again).toEqual(first);
  });

  it('refuses the key for another request', async () => {
    const request = keyed({ profile: { seats: [1, 2] }, email: `${randomUUID()}@example.com` });
    const first = await service.auth.register(request);
    const changes: Partial<RegisterRequest>[] = [
      { secondLogin: newPerson().secondLogin },
      { phone: newPerson().phone },
      { email: '' },
      { email: `${randomUUID()}@example.com` },
      { password: `${PASSWORD}!` },
      { profile: { seats: [2, 1] } },
      { profile: { seats: [1, 2], more: null } },
      { profile: undefined },
      { interface: 'driver' },
      { groupNames: ['customer'] },
    ];
    for (const change of changes) {
      expect(await refusalOf(service.auth.register({ ...request, ...change })), JSON.stringify(change)).toMatchObject({
        status: 'FAILED_PRECONDITION',
        reason: 'IDEMPOTENCY_KEY_REUSED',
      });
    }
    expect(await service.auth.register(request)).toEqual(first);
  });

  it('has nothing to answer with after the first refresh', async () => {
    const request = keyed();
    const first = await service.auth.register(request);
    await service.auth.refresh(tokensOf(first));
    await expectSpent(request);
  });

  it.each([
    ['this session', LogoutScope.THIS_SESSION],
    ['all sessions', LogoutScope.ALL_SESSIONS],
  ])('has nothing to answer with after a logout of %s', async (_, scope) => {
    const request = keyed();
    const first = await service.auth.register(request);
    await service.auth.logout({ scope }, bearer(tokensOf(first).accessToken));
    await expectSpent(request);
  });

  it('has nothing to answer with when the account was deactivated', async () => {
    const request = keyed();
    const { userId } = await service.auth.register(request);
    await database.query('update accounts.users set is_active = false where id = $1', [userId]);
    await expectSpent(request);
  });

  it('answers still after a login, which begins a session of its own', async () => {
    const request = keyed();
    const first = await service.auth.register(request);
    await service.auth.login({ login: request.secondLogin, password: request.password });
    expect(await service.auth.register(request)).toEqual(first);
  });

  it('is forgotten after its time: then the contacts are simply taken', async () => {
    const request = keyed();
    const { userId } = await service.auth.register(request);
    await database.query("update auth.registrations set expires_at = now() - interval '1 s' where user_id = $1", [
      userId,
    ]);
    expect((await refusalOf(service.auth.register(request))).reason).toBe('REGISTER_USER_ALREADY_EXISTS');
  });

  it('is no way to guess a password: of 50 wrong ones at once 10 are looked at, and Login counts them, too', async () => {
    const request = keyed();
    const first = await service.auth.register(request);
    const guesses = Array.from({ length: 50 }, (_, index) =>
      refusalOf(other.auth.register({ ...request, password: `wrong password ${index}` })),
    );
    const reasons = (await Promise.all(guesses)).map(({ reason }) => reason);
    expect(reasons.filter((reason) => reason === 'IDEMPOTENCY_KEY_REUSED')).toHaveLength(10);
    expect(reasons.filter((reason) => reason === 'LOGIN_THROTTLED')).toHaveLength(40);
    const { secondLogin: login, password } = request;
    expect((await refusalOf(service.auth.register(request))).reason).toBe('LOGIN_THROTTLED');
    expect((await refusalOf(service.auth.login({ login, password }))).reason).toBe('LOGIN_THROTTLED');
    await database.query('update auth.login_attempts set blocked_until = null where subject = $1', [
      `user:${first.userId}`,
    ]);
    expect(await service.auth.register(request)).toEqual(first);
  });

  it('may be repeated with the right password as often as anybody likes', async () => {
    const request = keyed();
    const first = await service.auth.register(request);
    for (let repeat = 0; repeat < 15; repeat += 1) expect(await service.auth.register(request)).toEqual(first);
    const attempts = await database.query('select failures from auth.login_attempts where subject = $1', [
      `user:${first.userId}`,
    ]);
    expect(attempts).toEqual([{ failures: 0 }]);
  });

  it('is not used up by a registration that failed', async () => {
    const request = keyed({ groupNames: ['superadmin'] });
    expect((await refusalOf(service.auth.register(request))).reason).toBe('ROLE_NOT_ASSIGNABLE');
    const { roles } = await service.auth.register({ ...request, groupNames: [] });
    expect(roles).toEqual(['customer']);
  });

  it('is kept as a hash', async () => {
    const request = keyed();
    await service.auth.register(request);
    const rows = await database.query('select from auth.registrations r where strpos(r::text, $1) > 0', [
      request.idempotencyKey,
    ]);
    expect(rows).toHaveLength(0);
  });

  it.each([
    ['15 characters', 'k'.repeat(15)],
    ['129 characters', 'k'.repeat(129)],
    ['a space', 'a key with spaces'],
    ['letters beyond ASCII', 'ключ-идемпотентности'],
    ['a line break at its end', `${'k'.repeat(20)}\n`],
  ])('refuses a key of %s', async (_, idempotencyKey) => {
    expect(await refusalOf(service.auth.register(keyed({ idempotencyKey })))).toMatchObject({
      status: 'INVALID_ARGUMENT',
      reason: 'INVALID_REQUEST',
      fields: ['idempotency_key'],
    });
  });

  it('takes keys of 16 and of 128 characters', async () => {
    for (const length of [16, 128]) {
      await service.auth.register(keyed({ idempotencyKey: randomUUID().repeat(4).slice(0, length) }));
    }
  });

  function keyed(overrides: Partial<RegisterRequest> = {}): RegisterRequest {
    return newPerson({ idempotencyKey: randomUUID(), ...overrides });
  }

  async function countUsers({ secondLogin }: RegisterRequest): Promise<number> {
    return (await database.query('select from accounts.user_contacts where value = $1', [secondLogin])).length;
  }

  async function expectSpent(request: RegisterRequest): Promise<void> {
    expect(await refusalOf(service.auth.register(request))).toMatchObject({
      status: 'FAILED_PRECONDITION',
      reason: 'IDEMPOTENCY_KEY_SPENT',
    });
  }
});
