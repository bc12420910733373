import { closedLoop } from './closed-loop.ts';
import type { FromDriver, ToDriver } from './driver.ts';

/** What a driver does: `lanes` at once, each beginning anew when its call is answered. */
export type Work = { readonly lanes: number; readonly call: (lane: number) => Promise<void> };

/** The driver's end of the line: prepares once, then does rounds for as long as it is asked. */
export function drive<Setup>(prepare: (setup: Setup) => Promise<Work>): void {
  let work: Work | undefined;
  const obey = async (message: ToDriver): Promise<FromDriver> => {
    if ('setup' in message) {
      work = await prepare(message.setup as Setup);
      return 'ready';
    }
    if (!work) throw new Error('A driver was asked to run before it was set up.');
    return await closedLoop(work, message.milliseconds);
  };
  process.on('message', (message: ToDriver) => {
    void obey(message)
      .catch((error: unknown) => ({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) }))
      .then((answer) => process.send?.(answer));
  });
  process.once('disconnect', () => process.exit(0));
}
