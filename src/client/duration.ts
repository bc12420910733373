import type { Duration } from '../gen/google/protobuf/duration.ts';

export function toMilliseconds(duration: Duration | undefined): number | undefined {
  return duration && duration.seconds * 1000 + duration.nanos / 1_000_000;
}
