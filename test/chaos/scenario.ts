import type { Random } from '../support/revocation-simulation/random.ts';

/** Faults under traffic, written once: small in `npm test`, large in `npm run chaos`. */
export type Scenario<Size> = (size: Size, place: Place) => Promise<Result>;

/** What a scenario is given to run in. */
export type Place = {
  /** Closed, in reverse, when it is over. */
  readonly scope: AsyncDisposableStack;
  /** Decides which fault comes when and how long it lasts. */
  readonly random: Random;
  /** Tells how far it has come. */
  readonly say: (text: string) => void;
};

export type Result = {
  /** What happened, and how often; also latencies in milliseconds. */
  readonly counts: Readonly<Record<string, number>>;
  /** What must not have happened; empty if all is well. */
  readonly problems: readonly string[];
};
