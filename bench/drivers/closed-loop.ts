import type { Work } from './drive.ts';
import type { Round } from './driver.ts';

/** Does work on all lanes until the time is over, and waits for what is under way then. */
export async function closedLoop({ lanes, call }: Work, milliseconds: number): Promise<Round> {
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

  const seconds = (performance.now() - begunAt) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  took.sort((a, b) => a - b);
  return {
    calls: took.length,
    // From the first answer to the last: with a few slow calls a round, counting per time asked for would jump by a whole one.
    perSecond: ((took.length - 1) / (last - first)) * 1000,
    p50: took[Math.floor(took.length * 0.5)] ?? Number.NaN,
    p99: took[Math.floor(took.length * 0.99)] ?? Number.NaN,
    seconds,
    busy: (user + system) / 1e6 / seconds,
  };
}
