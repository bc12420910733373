import { parentPort, workerData } from 'node:worker_threads';
import { explore } from '../../support/revocation-simulation/explore.ts';

/** A share of the schedules, in a thread of its own. */
const { schedules, seed } = workerData as { schedules: number; seed: number };
parentPort?.postMessage(await explore({ schedules, seed }));
