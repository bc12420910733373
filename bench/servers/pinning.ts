import { readFileSync } from 'node:fs';
import { isOnPath } from './on-path.ts';

/** Which core a process is held on; null: wherever the kernel puts it. */
export type Core = number | null;

export type Pinning = {
  readonly isPinned: boolean;
  /** For what is measured: one side of a comparison works at a time, so both get the same core. */
  readonly measured: Core;
  /**
   * For what makes the load, and for what stands for other machines, PostgreSQL, Redis and other replicas: they must not take
   * what is measured its core.
   */
  readonly load: Core;
  readonly description: string;
};

/** Two cores of this machine, if there are two and something that pins. */
export function findPinning(): Pinning {
  const cores = isOnPath('taskset') ? allowedCores() : [];
  // The first and the last: neighbours may be two threads of one core.
  const [measured, load] = [cores.at(0), cores.at(-1)];
  if (measured === undefined || load === undefined || measured === load) {
    const description = 'Not pinned (that takes Linux, taskset and two cores): expect more noise.';
    return { isPinned: false, measured: null, load: null, description };
  }
  const description = `Pinned: what is measured to core ${measured}, everything else to core ${load}.`;
  return { isPinned: true, measured, load, description };
}

function allowedCores(): number[] {
  try {
    const list = /^Cpus_allowed_list:\s*(.+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
    return list.split(',').flatMap((range) => {
      const [low = Number.NaN, high = low] = range.split('-').map(Number);
      return Array.from({ length: high - low + 1 }, (_, index) => low + index);
    });
  } catch {
    return [];
  }
}
