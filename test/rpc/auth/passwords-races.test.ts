import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { PASSWORD, bearer, registerConfirmed, tokensOf } from '../../support/people.ts';
import { prepareChallenge } from '../../support/prepared-challenges.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import { problemOf } from '../../support/validation.ts';

const NEXT = 'another horse battery';
const ROUNDS = 20;
const LOGINS = 3;

type Person = Awaited<ReturnType<typeof registerConfirmed>>;

describe('A login that races', () => {
  let database: TestDatabase;
  let first: TestService;
  let second: TestService;

  beforeAll(async () => {
    database = await createTestDatabase();
    const settings = {
      DATABASE_URL: database.serviceUrl,
      REDIS_URL: inject('redisUrl'),
      BCRYPT_COST: '10',
      HASH_CONCURRENCY: '4',
    };
    first = await startService(settings);
    second = await startService(settings);
  });
  afterAll(async () => {
    await first?.stop();
    await second?.stop();
    await database?.drop();
  });

  const ENDINGS: Record<string, (person: Person) => Promise<() => Promise<unknown>>> = {
    'a change of the password': async ({ tokens }) => {
      return () =>
        first.passwords.changePassword({ currentPassword: PASSWORD, newPassword: NEXT }, bearer(tokens.accessToken));
    },
    'a reset of the password': async ({ userId }) => {
      const { token } = await prepareChallenge(database, { purpose: 'password_reset', method: 'link', userId });
      const proof = { $case: 'token', value: token } as const;
      return () => first.passwords.finishPasswordReset({ proof, newPassword: NEXT });
    },
    'the end of the account': async ({ tokens }) => {
      return () => first.accounts.deactivateAccount({}, bearer(tokens.accessToken));
    },
  };

  it.each(Object.keys(ENDINGS))(
    `%s: no session that the old password has opened lives on, ${ROUNDS} times`,
    async (name) => {
      const person = await registerConfirmed(first, database, { email: `${randomUUID()}@example.com` });
      const hash = await hashOf(person);
      for (let round = 0; round < ROUNDS; round += 1) {
        const login = { login: person.phone, password: PASSWORD };
        const current = round === 0 ? person : { ...person, tokens: tokensOf(await first.auth.login(login)) };
        const end = await ENDINGS[name]!(current);
        // Begun a little apart, so that the end comes before, between and after the steps of the logins.
        const logins = Array.from({ length: LOGINS }, async (_, index) => {
          await delay(index * round * 2);
          return await second.auth.login(login).catch(() => null);
        });
        const [, ...answers] = await Promise.all([end(), ...logins]);
        for (const answer of answers) {
          if (!answer) continue;
          expect(await problemOf(first, tokensOf(answer).accessToken), `round ${round}`).toBe('TOKEN_REVOKED');
          expect(await problemOf(second, tokensOf(answer).accessToken), `round ${round}`).toBe('TOKEN_REVOKED');
        }
        const spared = name === 'a change of the password' ? [{ id: current.tokens.sessionId }] : [];
        const live = 'select id from auth.sessions where user_id = $1 and ended_at is null';
        expect(await database.query(live, [person.userId]), `round ${round}`).toEqual(spared);
        await restore(person, hash);
      }
    },
  );

  async function hashOf({ userId }: Person): Promise<string | undefined> {
    const [row] = await database.query<{ hash: string }>(
      'select password_hash as hash from accounts.users where id = $1',
      [userId],
    );
    return row?.hash;
  }

  /** As before the round: the old password, an open account, no failures, no sessions. */
  async function restore({ userId }: Person, hash: string | undefined): Promise<void> {
    await database.query(
      'update accounts.users set password_hash = $2, is_active = true, deactivated_at = null where id = $1',
      [userId, hash],
    );
    await database.query('delete from auth.login_attempts');
    await database.query(
      "update auth.sessions set ended_at = now(), end_trigger = 'logout_all' where user_id = $1 and ended_at is null",
      [userId],
    );
  }
});
