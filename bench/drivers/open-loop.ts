import type { RunRound } from './drive.ts';
import { summarise } from './summarise.ts';

/** Calls that are due by the clock, whether those before them have been answered or not. */
export type ScheduledWork = { readonly perSecond: number; readonly call: (index: number) => Promise<void> };

/**
 * Sends calls by the clock, evenly, and counts each from when it was due: a server that stalls is charged with every call
 * that would have come meanwhile (no coordinated omission). The timer wakes once a millisecond, so up to that much of each
 * call's time is the driver's own.
 */
export function openLoop({ perSecond, call }: ScheduledWork): RunRound {
  return async (milliseconds) => {
    const total = Math.round((perSecond * milliseconds) / 1000);
    const took = new Float64Array(total);
    const late = new Float64Array(total);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const cpu = process.cpuUsage();
    const begunAt = performance.now();
    let sent = 0;
    let answered = 0;

    function send(index: number): void {
      const dueAt = begunAt + (index * 1000) / perSecond;
      late[index] = performance.now() - dueAt;
      call(index).then(() => {
        took[index] = performance.now() - dueAt;
        answered += 1;
        if (answered === total) resolve();
      }, reject);
    }
    function sendDue(): void {
      const due = Math.min(total, Math.floor(((performance.now() - begunAt) * perSecond) / 1000) + 1);
      while (sent < due) send(sent++);
      if (sent < total) setTimeout(sendDue, 1);
    }
    sendDue();
    await promise;
    const perSecondInAll = (total / (performance.now() - begunAt)) * 1000;
    const lateP99 = late.sort()[Math.floor(total * 0.99)] ?? Number.NaN;
    return { ...summarise({ took, perSecond: perSecondInAll, begunAt, cpu }), lateP99 };
  };
}
