import type { Duration } from '../../gen/google/protobuf/duration.ts';

/** Whole milliseconds, rounded down; seconds and nanos have one sign (google/protobuf/duration.proto). */
export function toDuration(milliseconds: number): Duration {
  const whole = Math.floor(milliseconds);
  return { seconds: Math.trunc(whole / 1000), nanos: (whole % 1000) * 1_000_000 };
}
