import { parseArgs } from 'node:util';
import { createReport } from './report.ts';
import { runScenario } from './run-scenario.ts';
import type { Place, Result } from './scenario.ts';
import { logoutsEverywhere } from './scenarios/logouts-everywhere.ts';
import { postgresKilled } from './scenarios/postgres-killed.ts';
import { protocol } from './scenarios/protocol.ts';
import { rebuild } from './scenarios/rebuild.ts';
import { redisFaults } from './scenarios/redis-faults.ts';
import { replicaFaults } from './scenarios/replica-faults.ts';
import { storesAway } from './scenarios/stores-away.ts';
import { verifiers } from './scenarios/verifiers.ts';
import { watchers } from './scenarios/watchers.ts';

/*
 * `npm run chaos` runs the long form of every scenario and writes the result into docs/reliability.md; `npm run chaos -- redis`
 * runs those whose name contains the word and writes nothing. `--seed` repeats a run's faults in their order, `--size` makes
 * everything so many times as large. Exit code 1: something happened that must not.
 */

type Named = { readonly name: string; readonly run: (place: Place) => Promise<Result> };

const { values, positionals: words } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string' }, size: { type: 'string', default: '1' } },
});
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
const factor = Number(values.size);
if (!Number.isSafeInteger(seed) || !(factor > 0)) {
  console.error('--seed takes a whole number, --size a positive one.');
  process.exit(2);
}
const times = (count: number) => Math.max(1, Math.round(count * factor));

const SCENARIOS: readonly Named[] = [
  { name: 'protocol', run: (place) => protocol({ schedules: times(100_000) }, place) },
  { name: 'logouts-everywhere', run: (place) => logoutsEverywhere({ logouts: times(20_000) }, place) },
  {
    name: 'redis-faults',
    run: (place) =>
      redisFaults(
        { flushes: times(20), kills: times(20), stops: times(20), longestStop: 10, emptyRestarts: times(10) },
        place,
      ),
  },
  {
    name: 'rebuild',
    run: (place) => rebuild({ revocations: times(100_000), within: 10_000, p99Below: 50 }, place),
  },
  {
    name: 'stores-away',
    run: (place) => storesAway({ rounds: times(5), inParallel: 200, inTurn: 10, within: 1000 }, place),
  },
  {
    name: 'replica-faults',
    run: (place) => replicaFaults({ kills: times(20), stops: times(20), longestStop: 5 }, place),
  },
  { name: 'postgres-killed', run: (place) => postgresKilled({ rounds: times(20) }, place) },
  {
    name: 'watchers',
    run: (place) => watchers({ cuts: times(20), faults: times(20), slowReaders: 50, unread: times(100_000) }, place),
  },
  {
    name: 'verifiers',
    run: (place) => verifiers({ redisFaults: times(20), restarts: times(10), stops: times(10) }, place),
  },
];
const chosen = SCENARIOS.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
if (chosen.length === 0) {
  console.error(`No scenario is named so. There are: ${SCENARIOS.map(({ name }) => name).join(', ')}.`);
  process.exit(2);
}

const opened = new AsyncDisposableStack();
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => {
    console.error('Stopping');
    void opened.disposeAsync().finally(() => process.exit(code));
  });
}

console.log(`seed ${seed}, size ${factor}`);
const report = createReport({ seed, factor });
for (const { name, run } of chosen) {
  console.log(name);
  const say = (text: string) => console.log(`  ${text}`);
  const begin = performance.now();
  const result = await runScenario((_: null, place) => run(place), null, { seed, say, scope: opened }).catch(
    (error: unknown): Result => ({
      counts: {},
      problems: [`it broke off: ${(error as Error).stack ?? String(error)}`],
    }),
  );
  if (opened.disposed) break;
  report.add(name, result, (performance.now() - begin) / 1000);
}
if (!opened.disposed) {
  // Part of the scenarios, or smaller ones, are no result to show.
  if (chosen.length === SCENARIOS.length && factor >= 1) report.write();
  process.exit(report.finish() ? 0 : 1);
}
