import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Figure, Place } from './figure.ts';
import { batchVsSingle } from './figures/batch-vs-single.ts';
import { gatewayVsDirect } from './figures/gateway-vs-direct.ts';
import { loginVsBcrypt } from './figures/login-vs-bcrypt.ts';
import { refreshVsFunction } from './figures/refresh-vs-function.ts';
import { revocationVisible } from './figures/revocation-visible.ts';
import { revocationsMemory } from './figures/revocations-memory.ts';
import { signatureAlgorithms } from './figures/signature-algorithms.ts';
import { startSeconds } from './figures/start-seconds.ts';
import { streamVsUnary } from './figures/stream-vs-unary.ts';
import { validateFullyVsNoop } from './figures/validate-fully-vs-noop.ts';
import { validateLatencyVsNoop } from './figures/validate-latency-vs-noop.ts';
import { validateUnderLoginStorm } from './figures/validate-under-login-storm.ts';
import { validateVsNoop } from './figures/validate-vs-noop.ts';
import { verifierColdVsCrypto } from './figures/verifier-cold-vs-crypto.ts';
import { verifierHits } from './figures/verifier-hits.ts';
import { writeDocuments } from './results/write-documents.ts';
import type { Measurement } from './results/measurement.ts';
import { createReport } from './report.ts';
import { measureScale } from './scale/run.ts';
import { startBackingServers } from './servers/backing-servers.ts';
import type { BackingServers } from './servers/backing-servers.ts';
import { findPinning } from './servers/pinning.ts';

/*
 * `npm run bench` measures all figures, `npm run bench -- validate` those whose name contains the word. A readable table
 * goes to stderr, one line of JSON a figure to stdout. A complete run puts its results into docs/performance.md, and into
 * the plot beside it. Exit code 1: a bar is missed, or a figure could not be measured.
 *
 * `npm run bench -- scale` is a run of its own: what administration takes with a thousand users and with a million.
 */

const FIGURES: readonly Figure[] = [
  validateVsNoop,
  validateLatencyVsNoop,
  validateFullyVsNoop,
  streamVsUnary,
  batchVsSingle,
  validateUnderLoginStorm,
  verifierHits,
  verifierColdVsCrypto,
  revocationVisible,
  revocationsMemory,
  loginVsBcrypt,
  refreshVsFunction,
  gatewayVsDirect,
  signatureAlgorithms,
  startSeconds,
];

const words = process.argv.slice(2);
const chosen = FIGURES.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
const isScale = words.length === 1 && words[0] === 'scale';
if (chosen.length === 0 && !isScale) {
  console.error(
    `No figure is named so. There are: ${FIGURES.map(({ name }) => name).join(', ')}; and scale, by itself.`,
  );
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

const directory = await mkdtemp(path.join(tmpdir(), 'auth-bench-'));
opened.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
const pinning = findPinning();
const report = createReport(pinning);
const measurements: Measurement[] = [];
let servers: Promise<BackingServers> | undefined;

const placeOf = (scope: AsyncDisposableStack, name: string): Place => ({
  scope,
  directory,
  pinning,
  servers: () => (servers ??= startBackingServers(opened, directory, pinning)),
  say: (text) => console.error(`  ${name}: ${text}`),
});

if (isScale) {
  const scope = opened.use(new AsyncDisposableStack());
  const isWithinBars = await measureScale(placeOf(scope, 'scale')).catch((error: unknown) => {
    if (!opened.disposed) console.error(error);
    return false;
  });
  await scope.disposeAsync();
  if (!opened.disposed) {
    await opened.disposeAsync();
    process.exit(isWithinBars ? 0 : 1);
  }
}

for (const figure of chosen) {
  const scope = opened.use(new AsyncDisposableStack());
  try {
    const result = await figure.measure(placeOf(scope, figure.name));
    report.add(figure, result);
    measurements.push({ figure, result });
  } catch (error) {
    // What an interruption breaks off is no result.
    if (!opened.disposed) report.addFailure(figure, error);
  } finally {
    await scope.disposeAsync();
  }
}
if (!opened.disposed) {
  await opened.disposeAsync();
  if (measurements.length === FIGURES.length) await writeDocuments(measurements);
  process.exit(report.finish() ? 0 : 1);
}
