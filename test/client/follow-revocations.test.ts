import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createConnection } from '../../src/client/connection.ts';
import { createFollower } from '../../src/client/follow-revocations.ts';
import { systemClock, systemDelay } from '../../src/clock.ts';
import { LogoutScope } from '../../src/gen/auth/v1/auth_service.ts';
import { createRevocationView } from '../../src/revocation/view.ts';
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
beforeAll(async () => {
  database = await createTestDatabase();
  service = await startService({ DATABASE_URL: database.serviceUrl });
  proxy = await startTcpProxy({ host: '127.0.0.1', port: service.port });
});
afterAll(async () => {
  await proxy?.stop();
  await service?.stop();
  await database?.drop();
});

/** Follows the service, and writes down what is applied. */
function follow(options: { reopenAfter?: number } = {}) {
  const applied: number[] = [];
  const problems: unknown[] = [];
  const view = createRevocationView({ clock: systemClock, tokenLifetime: 0 });
  const connection = createConnection({ address: `127.0.0.1:${proxy.port}` });
  const follower = createFollower({
    connection,
    view: {
      ...view,
      apply(entries, revision) {
        applied.push(...entries.map(([entryRevision]) => entryRevision));
        view.apply(entries, revision);
      },
    },
    profile: { replace: () => undefined, longestLifetime: () => 1_800_000 },
    clock: systemClock,
    delay: systemDelay,
    reopenAfter: options.reopenAfter ?? 300_000,
    slowestOpening: 1500,
    onNews: () => undefined,
    onProblem: (error) => problems.push(error),
  });
  follower.start();
  return {
    view,
    applied,
    problems,
    follower,
    async stop() {
      await follower.stop();
      connection.close();
    },
  };
}

describe('What is revoked while a stream is cut', () => {
  it('is applied when it is connected again: all 1 200, in order, none twice', async () => {
    const { view, applied, problems, stop } = follow();
    const ended = await accessTokens(service, database, 1200);
    const before = await service.auth.logout({}, bearer(ended.pop() ?? ''));
    await vi.waitFor(() => expect(view.revision()).toBe(before.revision));
    const until = (last: number) => Array.from({ length: last }, (_, index) => index + 1);
    expect(applied).toEqual(until(before.revision));

    await proxy.cut();
    const scope = LogoutScope.ALL_SESSIONS;
    const { endedSessions, revision } = await service.auth.logout({ scope }, bearer(ended[0] ?? ''));
    expect(endedSessions).toBe(1200);
    await proxy.restore();
    await vi.waitFor(() => expect(view.revision()).toBe(revision), { timeout: 20_000 });
    expect(revision - before.revision).toBeGreaterThanOrEqual(1200);
    expect(applied).toEqual(until(revision));
    expect(problems.length).toBeGreaterThan(0);
    await stop();
  });

  it('is missed by nobody whose stream is opened again all the time because it is old', async () => {
    const { view, applied, problems, follower, stop } = follow({ reopenAfter: 200 });
    await vi.waitFor(() => expect(view.revision()).toBeGreaterThan(0), { timeout: 20_000 });
    let latest = 0;
    for (const token of await accessTokens(service, database, 100)) {
      latest = (await service.auth.logout({}, bearer(token))).revision;
    }
    await vi.waitFor(() => expect(view.revision()).toBe(latest), { timeout: 20_000 });
    expect(applied.at(-1)).toBe(latest);
    expect(applied).toEqual(Array.from({ length: applied.length }, (_, index) => (applied[0] ?? 0) + index));
    expect(systemClock.monotonic() - follower.completeAsOf()).toBeLessThan(5000);
    expect(problems).toEqual([]);
    await stop();
  });
});
