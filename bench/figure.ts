import type { BackingServers } from './servers/backing-servers.ts';
import type { Pinning } from './servers/pinning.ts';

/** What a figure may use; all of it ends with the figure, or with the benchmark. */
export type Place = {
  /** Whatever a figure starts is put here. */
  readonly scope: AsyncDisposableStack;
  /** A temporary directory of this run. */
  readonly directory: string;
  readonly pinning: Pinning;
  /** PostgreSQL and Redis, shared by all figures; started by the first that asks. */
  readonly servers: () => Promise<BackingServers>;
  /** Tells how far it is. */
  readonly say: (text: string) => void;
};

/** Of a value: a ratio has none, and counts are of one second. */
export type Unit = 'ratio' | 's' | 'ms' | 'MB' | '/s';

/** What came out. */
export type Result = {
  readonly value: number;
  readonly unit: Unit;
  /** How far the rounds of this run were apart. */
  readonly spread?: readonly [min: number, max: number];
  /** What the value was made of: in the JSON line as they are, in the table as `name value`. */
  readonly details: Readonly<Record<string, number | string>>;
};

/** One thing that is measured. */
export type Figure = {
  readonly name: string;
  readonly about: string;
  /** The bar: on the other side of it the benchmark fails. */
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly measure: (place: Place) => Promise<Result>;
};
