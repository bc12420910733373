import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { connectClients } from '../../support/service.ts';
import { startCluster } from '../cluster.ts';
import type { Replica } from '../cluster.ts';
import type { Scenario } from '../scenario.ts';
import { createLedger } from '../traffic/ledger.ts';
import { startLogOuts } from '../traffic/log-outs.ts';
import { redisFaultKinds } from '../traffic/redis-fault-kinds.ts';
import { startSlowReader } from '../traffic/slow-reader.ts';
import { createTokenSupply } from '../traffic/token-supply.ts';
import { startWatcher } from '../traffic/watcher.ts';
import type { Watcher } from '../traffic/watcher.ts';

type Size = {
  /** Times that the streams of a watcher are cut while 1 000 revocations are made. */
  readonly cuts: number;
  /** Faults of Redis while eight watchers follow. */
  readonly faults: number;
  readonly slowReaders: number;
  /** Revocations that are made while slow readers are connected. */
  readonly unread: number;
};

const PER_CUT = 1000;
const WATCHERS = 8;
const LOGOUTS_PER_SECOND = 100;
const CAUGHT_UP_WITHIN = 60_000;
/** A stream that is not read is cut off after 10 s. */
const CUT_OFF_AFTER = 14_000;
/** What a replica may grow by while slow readers leave everything unread, in MB; kept for each of them it would be more. */
const GROWTH = 150;
const SETTLED_AFTER = 3000;
const PORTIONS = 5;

/** WatchRevocations: streams that are cut, followers through faults of Redis, and readers that do not read. */
export const watchers: Scenario<Size> = async (size, { scope, random, say }) => {
  const { postgres, redis, redisDirectory, replicas } = await startCluster(scope, { lease: 1000 });
  const [first] = replicas as [Replica, Replica];
  const ledger = createLedger();
  const supply = await createTokenSupply({ auth: first.auth() }, postgres);
  const problems: string[] = [];

  const revoke = (count: number) =>
    postgres.query(
      `select auth.record_revocations('session', array(select gen_random_uuid() from generate_series(1, $1::int)),
              array_fill(now() + interval '30 minutes', array[$1::int]), gen_random_uuid(), 'logout_this', null)`,
      [count],
    );
  /** What a watcher must have been told since a revision. */
  async function made(after: number): Promise<string[]> {
    const rows = await postgres.query<{ line: string }>(
      `select revision || ' ' || subject as line from auth.revocations r where revision > $1 order by r.revision`,
      [after],
    );
    return rows.map(({ line }) => line);
  }
  async function compare(who: string, watcher: Watcher, after: number): Promise<void> {
    const expected = await made(after);
    const latest = after + expected.length;
    const deadline = performance.now() + CAUGHT_UP_WITHIN;
    while (watcher.revision() < latest && performance.now() < deadline) await sleep(20);
    await watcher.stop();
    const wrong = expected.findIndex((line, index) => watcher.told[index] !== line);
    if (wrong >= 0 || watcher.told.length !== expected.length) {
      const where = wrong < 0 ? '' : `, the first wrong one is at ${wrong}: ${watcher.told[wrong]}`;
      problems.push(`${who} was told ${watcher.told.length} of ${expected.length} revocations${where}`);
    }
  }

  // Streams that are cut, at any moment, while revocations are made.
  const [, port = ''] = first.process().address.split(':');
  const proxy = await startTcpProxy({ host: '127.0.0.1', port: Number(port) });
  scope.defer(() => proxy.stop());
  const clients = connectClients(`127.0.0.1:${proxy.port}`, { 'grpc.max_reconnect_backoff_ms': 200 });
  scope.defer(() => clients.close());
  const watcher = startWatcher(() => clients, 0);
  for (let cut = 1; cut <= size.cuts; cut += 1) {
    const revoking = revoke(PER_CUT);
    await sleep(random.between(0, 300));
    await proxy.cut();
    await revoking;
    await sleep(random.between(0, 300));
    await proxy.restore();
    await sleep(random.between(0, 500));
  }
  await compare('a watcher whose stream was cut', watcher, 0);
  say(`${size.cuts} cuts, ${watcher.told.length} revocations told, opened again ${watcher.reopened()} times`);

  // Followers while Redis fails.
  const from = size.cuts * PER_CUT;
  const followers = Array.from({ length: WATCHERS }, (_, index) =>
    startWatcher(() => replicas[index % 2]!.process(), from),
  );
  const logOuts = startLogOuts({ perSecond: LOGOUTS_PER_SECOND, replicas, ledger, supply, random });
  const kinds = Object.values(redisFaultKinds);
  for (let fault = 0; fault < size.faults; fault += 1) {
    await sleep(random.between(300, 1500));
    await kinds[fault % kinds.length]!({ redis, redisDirectory }, random.between(0, 2000));
  }
  await sleep(500);
  await logOuts.stop();
  for (const follower of followers) await compare('a follower through faults of Redis', follower, from);
  say(`${size.faults} faults, ${ledger.counts()['logouts']} logouts, ${WATCHERS} watchers`);

  // Readers that do not read.
  const readers = Array.from({ length: size.slowReaders }, () => startSlowReader(scope, first.process().address));
  const connectedAt = performance.now();
  await sleep(SETTLED_AFTER);
  const before = await residentMegabytes(first);
  let highest = before;
  for (let portion = 0; portion < PORTIONS; portion += 1) {
    await revoke(Math.ceil(size.unread / PORTIONS));
    await sleep(500);
    highest = Math.max(highest, await residentMegabytes(first));
  }
  while (performance.now() < connectedAt + CUT_OFF_AFTER) {
    highest = Math.max(highest, await residentMegabytes(first));
    await sleep(200);
  }
  const endings = await Promise.all(readers.map((reader) => reader.ending()));
  const cutOff = endings.filter((details) => details.includes('WATCH_TOO_SLOW')).length;
  if (cutOff < readers.length) problems.push(`${readers.length - cutOff} readers that do not read were not cut off`);
  const growth = Math.round(highest - before);
  if (growth > GROWTH) problems.push(`the replica grew by ${growth} MB`);
  say(`${cutOff} slow readers cut off, the replica grew by ${growth} MB`);

  return {
    counts: {
      cuts: size.cuts,
      redis_faults: size.faults,
      told_after_cuts: watcher.told.length,
      watchers: WATCHERS,
      told_through_faults: followers.reduce((sum, { told }) => sum + told.length, 0),
      slow_readers_cut_off: cutOff,
      grown_by_MB: growth,
      ...ledger.counts(),
    },
    problems: [...problems, ...ledger.problems()],
  };
};

async function residentMegabytes(replica: Replica): Promise<number> {
  const status = await readFile(`/proc/${replica.process().pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}
