/** What may be under way at once on this replica. */
export type Places = {
  /** A place for a call or a stream, left by calling what is returned; null: all are taken. */
  readonly take: (kind: 'calls' | 'streams') => (() => void) | null;
};

/**
 * Streams are counted apart, and there are half as many places for them: they stay open for as long as their clients like,
 * and must not use up the places of calls, nor all of memory.
 */
export function createPlaces({ maxInFlight }: { readonly maxInFlight: number }): Places {
  const limits = { calls: maxInFlight, streams: Math.ceil(maxInFlight / 2) };
  const taken = { calls: 0, streams: 0 };
  return {
    take(kind) {
      if (taken[kind] >= limits[kind]) return null;
      taken[kind] += 1;
      return () => void (taken[kind] -= 1);
    },
  };
}
