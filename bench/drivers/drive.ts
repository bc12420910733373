import type { FromDriver, Round, ToDriver } from './driver.ts';

/** Works for so many milliseconds and says what was seen. Rejects if a single answer was not as it should be. */
export type RunRound = (milliseconds: number) => Promise<Round>;

/** The driver's end of the line: prepares once, then does rounds for as long as it is asked. */
export function drive<Setup>(prepare: (setup: Setup) => Promise<RunRound>): void {
  let runRound: RunRound | undefined;
  const obey = async (message: ToDriver): Promise<FromDriver> => {
    if ('setup' in message) {
      runRound = await prepare(message.setup as Setup);
      return 'ready';
    }
    if (!runRound) throw new Error('A driver was asked to run before it was set up.');
    return await runRound(message.milliseconds);
  };
  process.on('message', (message: ToDriver) => {
    void obey(message)
      .catch((error: unknown) => ({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) }))
      .then((answer) => process.send?.(answer));
  });
  process.once('disconnect', () => process.exit(0));
}
