import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { newPerson, registerConfirmed } from '../../support/people.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { prepareChallenge, wrongCode } from '../../support/prepared-challenges.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';

const CODES = 200;
const PARALLEL = 8;
const EXPIRED = 'FAILED_PRECONDITION CODE_EXPIRED';

describe('FinishCodeLogin, many times at once', () => {
  let database: TestDatabase;
  let services: TestService[];

  beforeAll(async () => {
    database = await createTestDatabase();
    const settings = {
      DATABASE_URL: database.serviceUrl,
      REDIS_URL: inject('redisUrl'),
      PHONE_REGISTRATION: 'on',
    };
    services = [await startService(settings), await startService(settings)];
  });
  afterAll(async () => {
    for (const service of services ?? []) await service.stop();
    await database?.drop();
  });

  it(`begins exactly one session of ${PARALLEL} calls with the right code, ${CODES} times, on two replicas`, async () => {
    const { userId } = await registerConfirmed(services[0]!, database);
    for (let round = 0; round < CODES; round += 10) {
      const codes = await Promise.all(
        Array.from({ length: 10 }, () => prepareChallenge(database, { purpose: 'code_login', method: 'code', userId })),
      );
      const rounds = await Promise.all(codes.map((proof) => finish(PARALLEL, proof)));
      for (const outcomes of rounds) {
        expect(outcomes.toSorted()).toEqual([...Array<string>(PARALLEL - 1).fill(EXPIRED), 'OK']);
      }
    }
    expect(await database.query('select from auth.sessions where user_id = $1', [userId])).toHaveLength(CODES + 1);
  });

  it('opens exactly one account of 8 calls with the right code, 25 times', async () => {
    for (let round = 0; round < 25; round += 1) {
      const { phone: contact } = newPerson();
      const proof = await prepareChallenge(database, { purpose: 'code_login', method: 'code', userId: null, contact });
      const outcomes = await finish(PARALLEL, { ...proof, interface: 'customer' });
      expect(outcomes.toSorted()).toEqual([...Array<string>(PARALLEL - 1).fill(EXPIRED), 'OK']);
      const sessions = await database.query(
        'select from accounts.user_contacts c join auth.sessions s using (user_id) where c.value = $1',
        [contact],
      );
      expect(sessions).toHaveLength(1);
    }
  });

  it('evaluates exactly five of 500 guesses, and then not the right code', async () => {
    const { userId } = await registerConfirmed(services[0]!, database);
    const { handle, code } = await prepareChallenge(database, { purpose: 'code_login', method: 'code', userId });
    const refusals = await Promise.all(
      Array.from({ length: 500 }, (_, index) =>
        refusalOf(services[index % 2]!.auth.finishCodeLogin({ handle, code: wrongCode(code) })),
      ),
    );
    const evaluated = refusals.filter(({ reason }) => reason === 'CODE_INVALID');
    expect(evaluated.map(({ metadata }) => metadata['tries_left']).sort()).toEqual(['0', '1', '2', '3', '4']);
    const others = new Set(refusals.map(({ reason }) => reason).filter((reason) => reason !== 'CODE_INVALID'));
    // On a busy machine some wait too long for a connection: these were not evaluated either.
    expect(['CODE_EXPIRED', 'DEPENDENCY_UNAVAILABLE']).toEqual(expect.arrayContaining([...others]));
    expect(await finish(1, { handle, code })).toEqual([EXPIRED]);
  });

  it('counts the guesses of callers who leave', async () => {
    const { userId } = await registerConfirmed(services[0]!, database);
    const { handle, code } = await prepareChallenge(database, { purpose: 'code_login', method: 'code', userId });
    for (let round = 0; round < 100; round += 1) {
      const leaving = new AbortController();
      const call = services[0]!.auth.finishCodeLogin({ handle, code: wrongCode(code) }, { signal: leaving.signal });
      setTimeout(() => leaving.abort(), round % 10);
      await call.catch(() => undefined);
    }
    await expect
      .poll(() => database.query('select tries_left, end_cause from auth.challenges where id = $1', [handle]))
      .toEqual([{ tries_left: 0, end_cause: 'tries_used_up' }]);
    expect(await finish(1, { handle, code })).toEqual([EXPIRED]);
  });

  function finish(times: number, { handle, code, ...rest }: { handle: string; code: string; interface?: string }) {
    return Promise.all(
      Array.from({ length: times }, (_, index) =>
        outcomeOf(services[index % 2]!.auth.finishCodeLogin({ handle, code, ...rest })),
      ),
    );
  }
});
