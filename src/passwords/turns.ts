/** Does one thing after the other for each key, and things of different keys at once. */
export type Turns = <T>(key: string, work: () => Promise<T>) => Promise<T>;

/**
 * Nobody has more than one place among those who wait for a hash: who asks for many at once waits for himself, and not
 * everybody else for him.
 */
export function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>();
  return async (key, work) => {
    const turn = (last.get(key) ?? Promise.resolve()).then(work);
    const settled = turn.catch(() => undefined);
    last.set(key, settled);
    try {
      return await turn;
    } finally {
      if (last.get(key) === settled) last.delete(key);
    }
  };
}
