import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { outcomeOf } from '../support/outcome.ts';
import { PASSWORD, bearer, newPerson, tokensOf } from '../support/people.ts';
import { startPrivatePostgres } from '../support/private-postgres.ts';
import type { PrivatePostgres } from '../support/private-postgres.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { openSessions } from '../support/sessions.ts';
import { problemOf } from '../support/validation.ts';

const ROUNDS = 5;

describe('PostgreSQL killed with kill -9 under writes, five times', () => {
  let postgres: PrivatePostgres;
  let service: TestService;
  /** What the service has said yes to. */
  const registered: string[] = [];
  const loggedOut: { accessToken: string; refreshToken: string }[] = [];
  /** The refresh token that was answered last, by session. */
  const latest = new Map<string, string>();
  const outcomes = new Map<string, number>();

  beforeAll(async () => {
    postgres = await startPrivatePostgres();
    service = await startService({
      DATABASE_URL: postgres.serviceUrl,
      REDIS_URL: inject('redisUrl'),
      REVOCATION_LEASE: '500ms',
      PUBLIC_CALLS_PER_MINUTE: '1000000',
    });
  });
  afterAll(async () => {
    await service?.stop();
    await postgres?.remove();
  });

  /** Calls and notes the outcome; what it answers, if it does. */
  async function tried<T>(call: Promise<T>): Promise<T | undefined> {
    const outcome = await outcomeOf(call);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    return await call.catch(() => undefined);
  }

  /** Registers, refreshes and logs out until told to stop. */
  async function write(userId: string, signal: AbortSignal): Promise<void> {
    await Promise.all([
      (async () => {
        while (!signal.aborted) {
          const person = newPerson();
          if (await tried(service.auth.register(person))) registered.push(person.secondLogin);
          else await sleep(20);
        }
      })(),
      ...[1, 2].map(async () => {
        while (!signal.aborted) {
          const [session] = await openSessions(postgres, userId, 1).catch(() => []);
          if (!session) {
            // Asks all the same, to see what an outage looks like from outside.
            await tried(service.accounts.listRoles({ interface: 'customer' }));
            await sleep(20);
            continue;
          }
          const first = await tried(service.auth.refresh({ refreshToken: session.refreshToken }));
          if (!first) continue;
          const { accessToken, refreshToken } = tokensOf(first);
          if (await tried(service.auth.logout({}, bearer(accessToken)))) loggedOut.push({ accessToken, refreshToken });
        }
      }),
      (async () => {
        const [session] = await openSessions(postgres, userId, 1);
        if (!session) return;
        latest.set(session.sessionId, session.refreshToken);
        while (!signal.aborted) {
          const refreshToken = latest.get(session.sessionId) ?? '';
          const answer = await tried(service.auth.refresh({ refreshToken }));
          // Lost answers are made up for by asking with the same token again, within the grace.
          if (answer) latest.set(session.sessionId, tokensOf(answer).refreshToken);
          else await sleep(20);
        }
      })(),
    ]);
  }

  it('loses no acknowledged write, says UNAVAILABLE meanwhile and nothing else, and goes on by itself', async () => {
    const { userId } = await service.auth.register(newPerson());
    for (let round = 1; round <= ROUNDS; round += 1) {
      const stop = new AbortController();
      const before = { registered: registered.length, loggedOut: loggedOut.length };
      const writing = write(userId, stop.signal);
      const hasWritten = () => registered.length > before.registered + 1 && loggedOut.length > before.loggedOut + 3;
      await expect.poll(hasWritten, { timeout: 30_000, interval: 10 }).toBe(true);
      await postgres.kill();
      await sleep(300);
      await postgres.start();
      const after = { registered: registered.length, loggedOut: loggedOut.length };
      // It goes on without a restart of its own.
      const goesOn = () => registered.length > after.registered && loggedOut.length > after.loggedOut;
      await expect.poll(goesOn, { timeout: 30_000, interval: 10 }).toBe(true);
      stop.abort();
      await writing;
    }

    const rows = await postgres.query<{ value: string }>(
      'select c.value from accounts.user_contacts c where c.value = any ($1)',
      [registered],
    );
    expect(rows.map(({ value }) => value).sort()).toEqual([...registered].sort());
    expect(await outcomeOf(service.auth.login({ login: registered[0] ?? '', password: PASSWORD }))).toBe('OK');

    const problems = await Promise.all(loggedOut.map(({ accessToken }) => problemOf(service, accessToken)));
    expect([...new Set(problems)]).toEqual(['TOKEN_REVOKED']);
    const refreshes = await Promise.all(
      loggedOut.map(({ refreshToken }) => outcomeOf(service.auth.refresh({ refreshToken }))),
    );
    expect([...new Set(refreshes)]).toEqual(['UNAUTHENTICATED SESSION_ENDED']);

    const sessions = await Promise.all(
      [...latest.values()].map((refreshToken) => outcomeOf(service.auth.refresh({ refreshToken }))),
    );
    expect(sessions).toEqual(Array.from({ length: ROUNDS }, () => 'OK'));

    expect([...outcomes.keys()].sort()).toEqual(['OK', 'UNAVAILABLE DEPENDENCY_UNAVAILABLE']);
  });
});
