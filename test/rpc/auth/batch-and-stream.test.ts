import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { bearer, register } from '../../support/people.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';

type Results = readonly { result?: { $case: string; value: object } | undefined }[];

/** `live`, or the number of the reason, one a result. */
const outcomes = (results: Results) => results.map(({ result }) => result?.$case);

describe('Many tokens at once', () => {
  let database: TestDatabase;
  let service: TestService;
  let live: string[];
  let revoked: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    service = await startService({ DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl') });
    const people = await Promise.all([1, 2, 3, 4].map(() => register(service)));
    [revoked = '', ...live] = people.map(({ tokens }) => tokens.accessToken);
    await service.auth.logout({}, bearer(revoked));
  });
  afterAll(async () => {
    await service?.stop();
    await database?.drop();
  });

  it('are answered in a batch in their order, each by itself', async () => {
    const accessTokens = [live[0] ?? '', 'rubbish', revoked, live[1] ?? '', live[0] ?? ''];
    const { results, revision } = await service.auth.batchValidateTokens({ accessTokens });
    expect(outcomes(results)).toEqual(['principal', 'problem', 'problem', 'principal', 'principal']);
    expect(revision).toBeGreaterThan(0);
  });

  it('may be 1000 in a batch, and not 1001, none, or an empty one', async () => {
    const many = Array.from({ length: 1000 }, (_, index) => live[index % live.length] ?? '');
    const { results } = await service.auth.batchValidateTokens({ accessTokens: many });
    expect(outcomes(results)).toEqual(many.map(() => 'principal'));
    for (const accessTokens of [[...many, 'one more'], []]) {
      expect(await refusalOf(service.auth.batchValidateTokens({ accessTokens }))).toMatchObject({
        status: 'INVALID_ARGUMENT',
        fields: ['access_tokens'],
      });
    }
    expect(await refusalOf(service.auth.batchValidateTokens({ accessTokens: ['x', ''] }))).toMatchObject({
      fields: ['access_tokens[1]'],
    });
  });

  it('are answered on a stream in the order of 5 000 questions', async () => {
    const questions = Array.from({ length: 5000 }, (_, index) => [live[0], revoked, 'rubbish'][index % 3] ?? '');
    async function* ask() {
      for (const accessToken of questions) yield { accessToken };
    }
    const answers: (string | undefined)[] = [];
    for await (const { result } of service.auth.streamValidateTokens(ask())) answers.push(result?.$case);
    expect(answers).toEqual(questions.map((_, index) => ['principal', 'problem', 'problem'][index % 3]));
  });

  it('see on an open stream a logout that has answered', async () => {
    const { tokens } = await register(service);
    const steps = [() => Promise.resolve(), () => service.auth.logout({}, bearer(tokens.accessToken))];
    async function* ask() {
      for (const step of steps) {
        await step();
        yield { accessToken: tokens.accessToken };
      }
    }
    const answers: (string | undefined)[] = [];
    for await (const { result } of service.auth.streamValidateTokens(ask())) answers.push(result?.$case);
    expect(answers).toEqual(['principal', 'problem']);
  });

  it('end the stream at a question that is not one', async () => {
    async function* ask() {
      yield { accessToken: '' };
    }
    const read = async () => {
      for await (const answer of service.auth.streamValidateTokens(ask())) expect(answer).toBeUndefined();
    };
    expect(await refusalOf(read())).toMatchObject({ status: 'INVALID_ARGUMENT', fields: ['access_token'] });
  });
});

describe('A stop', () => {
  it('ends open streams in order, without waiting for the grace', async () => {
    const database = await createTestDatabase();
    const service = await startService({ DATABASE_URL: database.serviceUrl, SHUTDOWN_GRACE: '30s' });
    const { tokens } = await register(service);
    const { promise: isAnswered, resolve: answered } = Promise.withResolvers<void>();
    async function* ask() {
      yield { accessToken: tokens.accessToken };
      // The client has nothing more to ask and keeps the stream open.
      await new Promise(() => undefined);
    }
    const reading = (async () => {
      for await (const { result } of service.auth.streamValidateTokens(ask())) {
        expect(result?.$case).toBe('principal');
        answered();
      }
    })();
    await isAnswered;
    const startedAt = performance.now();
    const stopping = service.stopServer();
    await reading;
    await stopping;
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    await database.drop();
  });
});
