import { availableParallelism } from 'node:os';

/** How many hashes a machine computes at once: one core is left for everything else (security model, section 6). */
export function hashConcurrency(setting: number | undefined): number {
  return setting ?? Math.max(1, availableParallelism() - 1);
}
