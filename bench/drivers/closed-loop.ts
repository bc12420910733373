import type { RunRound } from './drive.ts';
import { summarise } from './summarise.ts';

/** What a driver does: `lanes` at once, each beginning anew when its call is answered. */
export type Work = { readonly lanes: number; readonly call: (lane: number) => Promise<void> };

/** Does work on all lanes until the time is over, and waits for what is under way then. */
export function closedLoop({ lanes, call }: Work): RunRound {
  return async (milliseconds) => {
    const took: number[] = [];
    const begunAt = performance.now();
    const deadline = begunAt + milliseconds;
    const cpu = process.cpuUsage();
    let first = Number.NaN;
    let last = Number.NaN;

    async function runLane(lane: number): Promise<void> {
      for (;;) {
        const calledAt = performance.now();
        if (calledAt >= deadline) return;
        await call(lane);
        const answeredAt = performance.now();
        if (answeredAt > deadline) return;
        if (took.length === 0) first = answeredAt;
        last = answeredAt;
        took.push(answeredAt - calledAt);
      }
    }
    await Promise.all(Array.from({ length: lanes }, (_, lane) => runLane(lane)));

    // From the first answer to the last: with a few slow calls a round, counting per time asked for would jump by a whole one.
    const perSecond = ((took.length - 1) / (last - first)) * 1000;
    return summarise({ took, perSecond, begunAt, cpu });
  };
}
