import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Metadata } from 'nice-grpc';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { startApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createLogger } from '../../src/logger.ts';
import { challengeSecretsUnder, confirmContacts, latestCode, latestLinkToken } from '../support/challenges.ts';
import { PASSWORD, bearer, newPerson, tokensOf } from '../support/people.ts';
import { createRawCaller } from '../support/raw-call.ts';
import { refusalOf } from '../support/refusal.ts';
import { TEST_MASTER_KEY, connectClients } from '../support/service.ts';
import type { Clients } from '../support/service.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

type Line = Record<string, unknown>;

/** All that a line about a call may say. */
const FIELDS = new Set([
  ...['level', 'time', 'msg', 'method', 'requestId', 'status', 'reason', 'service', 'userId', 'milliseconds', 'err'],
]);

describe('The log', () => {
  let database: TestDatabase;
  let directory: string;
  let app: Awaited<ReturnType<typeof startApp>>;
  let clients: Clients;
  let file: string;
  const secretsOfConfig: string[] = [TEST_MASTER_KEY];

  beforeAll(async () => {
    database = await createTestDatabase();
    secretsOfConfig.push(new URL(database.serviceUrl).password);
    directory = await mkdtemp(path.join(tmpdir(), 'auth-test-log-'));
    file = path.join(directory, 'service.log');
    app = await startApp(
      loadConfig({
        LISTEN_ADDRESS: '127.0.0.1:0',
        LOCAL_CALLERS: 'on',
        DATABASE_URL: database.serviceUrl,
        REDIS_URL: inject('redisUrl'),
        MASTER_KEY: TEST_MASTER_KEY,
        BCRYPT_COST: '10',
        SHUTDOWN_GRACE: '1s',
      }),
      // As in production, and all of it.
      createLogger('trace', { file }),
    );
    clients = connectClients(`127.0.0.1:${app.address.port}`);
  });
  afterAll(async () => {
    clients?.close();
    await app?.stop();
    await database?.drop();
    await rm(directory, { recursive: true, force: true });
  });

  const readText = () => readFile(file, 'utf8');
  const readLines = async (): Promise<Line[]> =>
    (await readText())
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  /** The lines about a call, once there are any; more than one would be told. */
  async function linesOf(requestId: string, count = 1): Promise<Line[]> {
    const find = async () => (await readLines()).filter((line) => line['requestId'] === requestId);
    await expect.poll(async () => (await find()).length, { timeout: 5000 }).toBeGreaterThanOrEqual(count);
    return await find();
  }
  const withId = (requestId: string, more: Record<string, string> = {}) => ({
    metadata: Metadata({ 'x-request-id': requestId, ...more }),
  });

  it('has one line a call, with nothing but what is on the list, and no secret in a whole journey', async () => {
    const person = newPerson({ email: 'somebody@example.com', idempotencyKey: 'key-of-the-registration-1' });
    const wrongPassword = 'not the password at all';
    const registered = await clients.auth.register(person, withId('journey-register'));
    const first = tokensOf(registered);
    await confirmContacts(database, registered.userId);
    const loggedIn = await clients.auth.login({ login: person.phone, password: PASSWORD }, withId('journey-login'));
    const second = tokensOf(loggedIn);
    await refusalOf(clients.auth.login({ login: person.phone, password: wrongPassword }, withId('journey-wrong')));
    await refusalOf(
      clients.auth.register({ ...newPerson(), phone: person.phone, password: PASSWORD }, withId('journey-again')),
    );
    await refusalOf(clients.auth.register({ ...person, password: '12' }, withId('journey-invalid')));
    const third = tokensOf(
      await clients.auth.refresh({ refreshToken: second.refreshToken }, withId('journey-refresh')),
    );
    await refusalOf(clients.auth.refresh({ refreshToken: `${third.refreshToken}x` }, withId('journey-unknown')));
    await clients.auth.validateToken({ accessToken: third.accessToken }, withId('journey-validate'));

    const { handle } = await clients.auth.startCodeLogin({ contact: person.phone }, withId('journey-code'));
    const code = await latestCode(database, person.phone);
    const wrongCode = String((Number(code) + 1) % 1_000_000).padStart(6, '0');
    await refusalOf(clients.auth.finishCodeLogin({ handle, code: wrongCode }, withId('journey-wrong-code')));
    const byCode = await clients.auth.finishCodeLogin({ handle, code }, withId('journey-right-code'));
    await clients.accounts.checkAvailability({ contactType: 'phone', value: person.phone }, withId('journey-check'));
    await clients.auth.logout(
      {},
      withId('journey-logout', { authorization: `Bearer ${third.accessToken}`, cookie: 'sid=cookie-of-somebody' }),
    );
    await refusalOf(clients.auth.logout({}, withId('journey-dead', { authorization: `Bearer ${third.accessToken}` })));
    await clients.passwords.startPasswordReset({ contact: person.email }, withId('journey-reset'));
    const resetToken = await latestLinkToken(database, person.email);
    const forged = challengeSecretsUnder(Buffer.alloc(32, 8).toString('base64')).linkToken(handle, 'password_reset');
    const newPassword = 'another horse and another battery';
    const reset = (token: string) => ({ proof: { $case: 'token', value: token } as const, newPassword });
    await refusalOf(clients.passwords.finishPasswordReset(reset(forged), withId('journey-forged')));
    await clients.passwords.finishPasswordReset(reset(resetToken), withId('journey-finish'));

    const expected: Record<string, [status: string, level: number]> = {
      'journey-register': ['OK', 30],
      'journey-login': ['OK', 30],
      'journey-wrong': ['UNAUTHENTICATED', 30],
      'journey-again': ['ALREADY_EXISTS', 30],
      'journey-invalid': ['INVALID_ARGUMENT', 30],
      'journey-refresh': ['OK', 30],
      'journey-unknown': ['UNAUTHENTICATED', 30],
      'journey-validate': ['OK', 20],
      'journey-check': ['OK', 30],
      'journey-logout': ['OK', 30],
      'journey-dead': ['UNAUTHENTICATED', 30],
      'journey-code': ['OK', 30],
      'journey-wrong-code': ['INVALID_ARGUMENT', 30],
      'journey-right-code': ['OK', 30],
      'journey-reset': ['OK', 30],
      'journey-forged': ['INVALID_ARGUMENT', 30],
      'journey-finish': ['OK', 30],
    };
    for (const [requestId, [status, level]] of Object.entries(expected)) {
      const lines = await linesOf(requestId);
      expect(lines, requestId).toHaveLength(1);
      expect(lines[0], requestId).toMatchObject({ status, level, msg: 'call' });
      for (const name of Object.keys(lines[0] ?? {})) expect(FIELDS, requestId).toContain(name);
    }

    const text = await readText();
    const pairs = [first, second, third, tokensOf(byCode)].flatMap(({ accessToken, refreshToken }) => [
      accessToken,
      refreshToken,
      accessToken.split('.')[2] ?? '',
    ]);
    const personal = [person.phone, person.phone.slice(1), person.secondLogin, person.email, person.idempotencyKey];
    for (const secret of [
      ...pairs,
      ...personal,
      ...secretsOfConfig,
      PASSWORD,
      wrongPassword,
      newPassword,
      loggedIn.deviceToken,
      byCode.deviceToken,
      resetToken,
      forged,
      'cookie-of-somebody',
      '$2b$',
    ]) {
      expect(text).not.toContain(secret);
    }
    // Times have digits, too: a code would stand by itself.
    for (const digits of [code, wrongCode]) expect(text).not.toMatch(new RegExp(`(?<!\\d)${digits}(?!\\d)`));
  });

  it('tells a defect whole to those who read it and not at all to the caller, by one id', async () => {
    const person = newPerson();
    const { accessToken } = tokensOf(await clients.auth.register(person));
    await database.query('alter function auth.logout rename to logout_is_away');
    const refusal = await refusalOf(clients.auth.logout({}, bearer(accessToken)));
    await database.query('alter function auth.logout_is_away rename to logout');

    expect(refusal).toMatchObject({ status: 'INTERNAL', reason: 'INTERNAL', text: 'Internal error.' });
    const lines = await linesOf(refusal.requestId ?? 'none');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ level: 50, status: 'INTERNAL', reason: 'INTERNAL', err: { code: '42883' } });
    expect(Object.keys(lines[0]?.['err'] as object).sort()).toEqual(['code', 'message', 'name', 'stack']);
    expect(JSON.stringify(lines)).not.toContain(accessToken);
  });

  it('has nothing of the row that PostgreSQL shows in its error', async () => {
    // Such an error says: Failing row contains (..., <contact>, ...).
    await database.query(
      `alter table accounts.user_contacts add constraint refuse_one check (value !~ 'row-of-an-error')`,
    );
    const secondLogin = 'row-of-an-error-1';
    const refusal = await refusalOf(clients.auth.register(newPerson({ secondLogin })));
    await database.query('alter table accounts.user_contacts drop constraint refuse_one');
    expect(refusal.reason).toBe('INTERNAL');
    expect(await linesOf(refusal.requestId ?? 'none')).toMatchObject([{ level: 50, err: { code: '23514' } }]);
    expect(await readText()).not.toContain(secondLogin);
  });

  it('has a line for bytes that are no message', async () => {
    const raw = createRawCaller(`127.0.0.1:${app.address.port}`);
    await raw.call('/auth.v1.AuthService/Login', Buffer.from([0xff]), withId('malformed-1')).catch(() => undefined);
    raw.close();
    expect(await linesOf('malformed-1')).toMatchObject([{ status: 'INVALID_ARGUMENT', reason: 'MALFORMED_MESSAGE' }]);
  });

  it.each(['short', 'with space in it', 'x'.repeat(65), '{"level":60}xxxx'])(
    'takes an id over only if it looks like one: %s',
    async (requestId) => {
      await clients.keys.getJwks({}, withId(requestId));
      await clients.keys.getJwks({}, withId(`afterwards-${requestId.length}`));
      await linesOf(`afterwards-${requestId.length}`);
      expect((await readLines()).filter((line) => line['requestId'] === requestId)).toEqual([]);
    },
  );

  it('begins with the settings in force, secrets left out', async () => {
    const [start] = await readLines();
    expect(start).toMatchObject({
      msg: 'starting',
      config: { BCRYPT_COST: 10, MASTER_KEY: '(secret)', DATABASE_URL: '(secret)', REDIS_URL: '(secret)' },
    });
  });
});
