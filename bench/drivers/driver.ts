import { once } from 'node:events';
import type { Place } from '../figure.ts';
import { startNodeProcess } from '../servers/node-process.ts';
import type { Core } from '../servers/pinning.ts';

/** What one round showed. */
export type Round = {
  readonly calls: number;
  readonly perSecond: number;
  /** Milliseconds of one call. */
  readonly p50: number;
  readonly p99: number;
  /** Where calls are sent by the clock: how late 99 in 100 were sent at the most, which is not the fault of what is called. */
  readonly lateP99?: number;
  /** How long the round took in all. */
  readonly seconds: number;
  /** Cores that the driver itself used. */
  readonly busy: number;
};

/** A process that does one kind of work, round by round. */
export type Driver = {
  readonly pid: number;
  /** One round. Rejects if a single answer was not as it should be. */
  readonly run: (milliseconds: number) => Promise<Round>;
};

/** To a driver: the setup first, then the length of each round. From it: `ready`, then what each round showed. */
export type ToDriver = { readonly setup: unknown } | { readonly milliseconds: number };
export type FromDriver = 'ready' | Round | { readonly failure: string };

/** Starts a driver program (drive.ts is its end of the line). */
export async function startDriver<Setup>(
  place: Pick<Place, 'scope' | 'directory'>,
  options: { program: URL; core: Core; setup: Setup },
): Promise<Driver> {
  const process = startNodeProcess({ ...place, program: options.program, core: options.core, hasChannel: true });
  const { child, pid, failed } = process;
  const ask = async (message: ToDriver): Promise<FromDriver> => {
    const answered = once(child, 'message') as Promise<[FromDriver]>;
    child.send(message);
    const [answer] = await Promise.race([answered, failed]);
    if (typeof answer === 'object' && 'failure' in answer) throw new Error(answer.failure);
    return answer;
  };
  await ask({ setup: options.setup });
  return { pid, run: async (milliseconds) => (await ask({ milliseconds })) as Round };
}
