import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const EVERY_MS = 500;
/** Samples in a row that must lie close together. V8 gives memory back eight seconds after it was last busy, and later. */
const ALIKE = 24;
const ALIKE_MB = 1;
const GIVE_UP_MS = 60_000;

/** Megabytes (10^6 bytes) that a process holds in memory, once that does not change any more. */
export async function settledMemory(pid: number, failed: Promise<never>): Promise<number> {
  const samples: number[] = [];
  const giveUpAt = performance.now() + GIVE_UP_MS;
  for (;;) {
    samples.push(residentMegabytes(pid));
    const last = samples.slice(-ALIKE);
    const isSettled = last.length === ALIKE && Math.max(...last) - Math.min(...last) < ALIKE_MB;
    if (isSettled || performance.now() > giveUpAt) return last.at(-1) ?? Number.NaN;
    await Promise.race([delay(EVERY_MS), failed]);
  }
}

function residentMegabytes(pid: number): number {
  const kibibytes = /^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return (Number(kibibytes) * 1024) / 1e6;
}
