import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/settings.ts';
import type { PrimaryLink } from '../workers/primary-link.ts';

/** What every part of the service is built on. */
export type Ground = {
  readonly config: Config;
  readonly logger: Logger;
  readonly clock: Clock;
  /** For what goes wrong where nobody waits for an answer. */
  readonly onProblem: (error: unknown) => void;
  /** Whatever is opened is put here, and closed in reverse. */
  readonly opened: AsyncDisposableStack;
  /** What a worker has of the process that has started it; null: this process is the only one. */
  readonly primary: PrimaryLink | null;
};
