import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { VerificationUnavailableError, createStreamedValidator } from '../../src/client/client.ts';
import type { StreamedValidator, StreamedValidatorOptions } from '../../src/client/client.ts';
import { accessTokens } from '../support/access-tokens.ts';
import { bearer } from '../support/people.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import type { TcpProxy } from '../support/tcp-proxy.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
let service: TestService;
let proxy: TcpProxy;
let live: string[];
let revoked: string;
beforeAll(async () => {
  database = await createTestDatabase();
  service = await startService({ DATABASE_URL: database.serviceUrl });
  proxy = await startTcpProxy({ host: '127.0.0.1', port: service.port });
  live = await accessTokens(service, database, 20);
  revoked = live.pop() ?? '';
  await service.auth.logout({}, bearer(revoked));
});
afterAll(async () => {
  await proxy?.stop();
  await service?.stop();
  await database?.drop();
});

const opened: StreamedValidator[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((validator) => validator.close()));
});
function open(options: Partial<StreamedValidatorOptions> = {}): StreamedValidator {
  const validator = createStreamedValidator({ address: `127.0.0.1:${proxy.port}`, ...options });
  opened.push(validator);
  return validator;
}

const outcome = (answer: ReturnType<StreamedValidator['validate']>) =>
  answer.then(
    ({ principal, problem }) => (principal ? principal.tokenId : problem.reason),
    (error: unknown) => (error instanceof VerificationUnavailableError ? 'unavailable' : String(error)),
  );
const idOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).jti;

describe('A streamed validator', () => {
  it('gives each of 5 000 questions its own answer', async () => {
    const validator = open();
    const questions = Array.from({ length: 5000 }, (_, n) => [...live, revoked, 'rubbish', ''][n % 22] ?? '');
    const expected = questions.map((token) =>
      token === revoked ? 'TOKEN_REVOKED' : token.length < 10 ? 'TOKEN_MALFORMED' : idOf(token),
    );
    expect(await Promise.all(questions.map((token) => outcome(validator.validate(token))))).toEqual(expected);
  });

  it('answers all of a burst that takes longer than its deadline', async () => {
    const validator = open({ deadline: 1000, maxPending: 30_000 });
    const questions = Array.from({ length: 30_000 }, (_, n) => live[n % live.length] ?? '');
    const answers = await Promise.all(questions.map((token) => outcome(validator.validate(token))));
    expect(answers.filter((answer, index) => answer !== idOf(questions[index] ?? ''))).toEqual([]);
  });

  it('ends no stream by a question that the server would not take', async () => {
    const validator = open();
    const [token = ''] = live;
    const questions = [token, 'x'.repeat(9000), 'é'.repeat(5000), token, ''];
    const answers = await Promise.all(questions.map((question) => outcome(validator.validate(question))));
    expect(answers).toEqual([idOf(token), 'TOKEN_MALFORMED', 'TOKEN_MALFORMED', idOf(token), 'TOKEN_MALFORMED']);
  });

  it('sees a logout that has answered', async () => {
    const validator = open();
    for (const token of await accessTokens(service, database, 10)) {
      expect(await outcome(validator.validate(token))).toBe(idOf(token));
      await service.auth.logout({}, bearer(token));
      expect(await outcome(validator.validate(token))).toBe('TOKEN_REVOKED');
    }
  });

  it('asks again on the next stream what a broken one has left open', async () => {
    const validator = open();
    const [token = ''] = live;
    await validator.validate(token);
    proxy.stall();
    const answers = live.map((each) => outcome(validator.validate(each)));
    await proxy.restore();
    expect(await Promise.all(answers)).toEqual(live.map(idOf));
  });

  it('says of what it cannot ask that it is not decided, and goes on when the server is back', async () => {
    const validator = open();
    const [token = ''] = live;
    await validator.validate(token);
    await proxy.cut();
    expect(await Promise.all(live.map((each) => outcome(validator.validate(each))))).toEqual(
      live.map(() => 'unavailable'),
    );
    await proxy.restore();
    await expect.poll(() => outcome(validator.validate(token)), { timeout: 20_000 }).toBe(idOf(token));
  });

  it('waits no longer than its deadline for a network that is frozen', async () => {
    const validator = open({ deadline: 500 });
    const [token = ''] = live;
    await validator.validate(token);
    proxy.stall();
    expect(await outcome(validator.validate(token))).toBe('unavailable');
    await proxy.restore();
    await expect.poll(() => outcome(validator.validate(token)), { timeout: 20_000 }).toBe(idOf(token));
  });

  it('takes on no more questions than it may', async () => {
    const validator = open({ maxPending: 10 });
    const answers = await Promise.all(live.slice(0, 15).map((token) => outcome(validator.validate(token))));
    expect(answers.slice(0, 10)).toEqual(live.slice(0, 10).map(idOf));
    expect(answers.slice(10)).toEqual(Array.from({ length: 5 }, () => 'unavailable'));
  });

  it('leaves nobody without an answer when it is closed', async () => {
    const validator = open();
    const answers = live.map((token) => outcome(validator.validate(token)));
    await validator.close();
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['unavailable']));
    expect(await outcome(validator.validate(live[0] ?? ''))).toBe('unavailable');
  });
});
