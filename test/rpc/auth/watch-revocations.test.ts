import { connect } from 'node:http2';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { WatchRevocationsRequest } from '../../../src/gen/auth/v1/revocations_service.ts';
import type { WatchRevocationsResponse } from '../../../src/gen/auth/v1/revocations_service.ts';
import { systemClock, systemDelay } from '../../../src/clock.ts';
import { createWithdrawKey } from '../../../src/revocation/withdraw-key.ts';
import { createRotateKeys } from '../../../src/tokens/rotate-keys.ts';
import { accessTokens } from '../../support/access-tokens.ts';
import { bearer } from '../../support/people.ts';
import { refusalOf } from '../../support/refusal.ts';
import { signingKeyOf, testKeyCipher } from '../../support/signing.ts';
import { authFunctionsOf } from '../../support/stored-functions.ts';
import { problemOf } from '../../support/validation.ts';
import { startService } from '../../support/service.ts';
import type { Clients, TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';

const HOUR = 3_600_000;

/** Everything that a watch tells until it is stopped. */
function watch(clients: Pick<Clients, 'revocations'>, afterRevision = 0) {
  const responses: WatchRevocationsResponse[] = [];
  const stopping = new AbortController();
  const ended = (async () => {
    for await (const response of clients.revocations.watchRevocations({ afterRevision }, { signal: stopping.signal })) {
      responses.push(response);
    }
  })();
  const told = () => responses.flatMap(({ revocations }) => revocations);
  return {
    responses,
    told,
    ended,
    // One that was stopped before it was told anything goes on from where it began.
    revision: () => responses.at(-1)?.revision ?? afterRevision,
    async stop() {
      stopping.abort();
      await ended.catch(() => undefined);
    },
  };
}

const seconds = (duration: { seconds: number; nanos: number } | undefined) =>
  duration === undefined ? undefined : duration.seconds + duration.nanos / 1e9;

describe('WatchRevocations', () => {
  let database: TestDatabase;
  let service: TestService;
  let replica: TestService;

  /** Revocations as the database keeps them, without sessions that end. */
  const revoke = (count: number) =>
    database.query(
      `select auth.record_revocations('session', array_agg(gen_random_uuid()),
              array_agg(now() + interval '30 minutes'), gen_random_uuid(), 'test', null)
         from generate_series(1, $1::int)`,
      [count],
    );

  beforeAll(async () => {
    database = await createTestDatabase();
    const settings = { DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl') };
    [service, replica] = await Promise.all([startService(settings), startService(settings)]);
  });
  afterAll(async () => {
    await Promise.all([service?.stop(), replica?.stop()]);
    await database?.drop();
  });

  it('begins with how tokens are verified, and says nothing more of it while it stays so', async () => {
    const watcher = watch(service);
    await expect.poll(() => watcher.responses.length, { timeout: 5000 }).toBeGreaterThanOrEqual(3);
    await watcher.stop();
    const [first, ...rest] = watcher.responses;
    const { keys } = await service.keys.getJwks({});
    expect(first?.tokenProfile).toEqual({
      keys,
      issuer: 'auth-service',
      audience: 'internal',
      longestLifetime: { seconds: 1800, nanos: 0 },
    });
    expect(rest.filter(({ tokenProfile }) => tokenProfile)).toEqual([]);
  });

  it('sends a checkpoint at least every second, which tells how long ago all was known', async () => {
    const begunAt = performance.now();
    const watcher = watch(service);
    await expect.poll(() => watcher.responses.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(6);
    const elapsed = (performance.now() - begunAt) / 1000;
    await watcher.stop();
    expect(elapsed).toBeLessThan(6);
    const until = watcher.responses.map(({ completeUntil }) => seconds(completeUntil) ?? Number.NaN);
    expect(until.toSorted((a, b) => a - b)).toEqual(until);
    expect(until.at(-1)).toBeGreaterThan(0);
    expect(until.at(-1)).toBeLessThan(elapsed);
  });

  it('tells of a logout on another replica, as the session and the token that it ended', async () => {
    const watcher = watch(service);
    await expect.poll(() => watcher.responses.length).toBeGreaterThan(0);
    const [token = ''] = await accessTokens(replica, database, 1);
    const { result } = await replica.auth.validateToken({ accessToken: token });
    const principal = result?.$case === 'principal' ? result.value : undefined;
    const { revision } = await replica.auth.logout({}, bearer(token));
    await expect.poll(watcher.revision).toBeGreaterThanOrEqual(revision);
    await watcher.stop();
    expect(watcher.told().slice(-2)).toMatchObject([
      { revision: revision - 1, subject: { $case: 'sessionId', value: principal?.sessionId } },
      {
        revision,
        subject: { $case: 'tokenId', value: principal?.tokenId },
        expireTime: principal?.expireTime,
      },
    ]);
  });

  it('goes on where a stream was cut, also on another replica: 3 000 revocations in order, none twice', async () => {
    const watchers = [watch(service)];
    await expect.poll(() => watchers[0]?.responses.length).toBeGreaterThan(0);
    const before = watchers[0]?.revision() ?? 0;
    for (const clients of [replica, service, replica]) {
      const revoking = revoke(1000);
      await watchers.at(-1)?.stop();
      // A response is taken in as a whole, or not at all.
      watchers.push(watch(clients, watchers.at(-1)?.revision()));
      await revoking;
    }
    await expect.poll(() => watchers.at(-1)?.revision(), { timeout: 10_000 }).toBe(before + 3000);
    await watchers.at(-1)?.stop();
    const told = watchers.flatMap((watcher) => watcher.told()).filter(({ revision }) => revision > before);
    expect(told.map(({ revision }) => revision)).toEqual(
      Array.from({ length: 3000 }, (_, index) => before + 1 + index),
    );
    expect(new Set(told.map(({ subject }) => subject?.value)).size).toBe(3000);
  });

  it('tells all that is live to whoever begins, in portions, and that it is all only with the last', async () => {
    await revoke(5000);
    const [token = ''] = await accessTokens(service, database, 1);
    const consistency = { requirement: { $case: 'fullyConsistent' as const, value: true } };
    await service.auth.validateToken({ accessToken: token, consistency });
    const watcher = watch(service);
    await expect
      .poll(() => watcher.responses.some(({ completeUntil }) => completeUntil), { timeout: 10_000 })
      .toBe(true);
    await watcher.stop();
    const [stored] = await database.query('select count(*)::int as count from auth.revocations');
    const complete = watcher.responses.findIndex(({ completeUntil }) => completeUntil);
    expect(complete).toBeGreaterThanOrEqual(5);
    expect(watcher.responses.slice(0, complete + 1).flatMap(({ revocations }) => revocations).length).toBe(
      stored?.['count'],
    );
    expect(Math.max(...watcher.responses.map(({ revocations }) => revocations.length))).toBe(250);
  });

  it('tells of a key that took over and of one that was withdrawn, with the keys that are left', async () => {
    const auth = authFunctionsOf(database);
    const rotateKeys = createRotateKeys({
      auth,
      cipher: testKeyCipher(),
      clock: systemClock,
      algorithm: 'EdDSA',
      rotation: HOUR,
      publishAhead: HOUR,
      overlap: HOUR,
    });
    const withdrawKey = createWithdrawKey({ auth, rotateKeys, delay: systemDelay });
    const [token = ''] = await accessTokens(service, database, 1);
    const first = await signingKeyOf(database);
    const watcher = watch(service);
    const profiles = () =>
      watcher.responses.flatMap(({ tokenProfile }) => (tokenProfile ? [tokenProfile.keys.map(({ kid }) => kid)] : []));
    await expect.poll(profiles).toEqual([[first.kid]]);

    expect(await withdrawKey(first.kid)).toBe(true);
    // When the command has ended, no replica accepts what the key signed, and all sign with another.
    expect(await problemOf(service, token)).toBe('TOKEN_KEY_UNKNOWN');
    expect(await problemOf(replica, token)).toBe('TOKEN_KEY_UNKNOWN');
    const second = await signingKeyOf(database);
    expect(second.kid).not.toBe(first.kid);
    const [fresh = ''] = await accessTokens(replica, database, 1);
    expect(await problemOf(service, fresh)).toBeNull();

    await expect.poll(() => profiles().at(-1)).toEqual([second.kid]);
    await watcher.stop();
    expect(await withdrawKey(first.kid)).toBe(false);
  });

  it('refuses a revision that nobody was told, and one that is no revision', async () => {
    const first = async (afterRevision: number) => {
      for await (const response of service.revocations.watchRevocations({ afterRevision })) return response;
      return undefined;
    };
    expect(await refusalOf(first(1_000_000))).toMatchObject({
      status: 'FAILED_PRECONDITION',
      reason: 'REVISION_UNKNOWN',
    });
    expect(await refusalOf(first(-1))).toMatchObject({
      status: 'INVALID_ARGUMENT',
      reason: 'INVALID_REQUEST',
      fields: ['after_revision'],
    });
  });

  it('refuses to go on from a revision after which some were dropped', async () => {
    await database.query(
      'delete from auth.revocations where revision < (select max(revision) - 10 from auth.revocations)',
    );
    const late = await startService({ DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl') });
    const first = async (afterRevision: number) => {
      for await (const response of late.revocations.watchRevocations({ afterRevision })) return response;
      return undefined;
    };
    expect(await refusalOf(first(1))).toMatchObject({ status: 'OUT_OF_RANGE', reason: 'REVISION_TOO_OLD' });
    expect((await first(0))?.revocations.length).toBe(11);
    await late.stop();
  });

  it('ends in order when the service stops', async () => {
    const late = await startService({ DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl') });
    const watcher = watch(late);
    await expect.poll(() => watcher.responses.length).toBeGreaterThan(0);
    await late.stopServer();
    await watcher.ended;
    await late.stop();
  });

  it('cuts off a watcher that takes nothing for 10 s, and tells it why when it looks again', async () => {
    const session = connect(`http://${service.address}`, { settings: { initialWindowSize: 1024 } });
    const stream = session.request({
      ':method': 'POST',
      ':path': '/auth.v1.RevocationsService/WatchRevocations',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const request = WatchRevocationsRequest.encode({ afterRevision: 0 }).finish();
    const frame = Buffer.alloc(5 + request.length);
    frame.writeUInt32BE(request.length, 1);
    frame.set(request, 5);
    stream.end(frame);
    stream.pause();
    const trailers = new Promise<Record<string, unknown>>((resolve) => stream.once('trailers', resolve));
    await revoke(20_000);
    const isCut = () => service.logLines.some((line) => line['reason'] === 'WATCH_TOO_SLOW');
    await expect.poll(isCut, { timeout: 20_000 }).toBe(true);
    stream.resume();
    const { 'grpc-status': status, 'grpc-status-details-bin': details } = await trailers;
    expect(status).toBe('8');
    expect(Buffer.from(String(details), 'base64').toString('latin1')).toContain('WATCH_TOO_SLOW');
    session.close();
  }, 60_000);
});
