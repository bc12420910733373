/** Does a piece of work when no other tab is at one of its kind. */
export type Turns = <T>(work: () => Promise<T>) => Promise<T>;

/** As much of a LockManager as is used: tabs of the same origin share it. https://www.w3.org/TR/web-locks/ */
type Locks = {
  request<T>(name: string, options: { readonly signal: AbortSignal }, work: () => Promise<T>): Promise<T>;
};

/** Milliseconds that a tab waits for the others. */
const PATIENCE = 5000;

/**
 * Refreshes of several tabs in turn: each begins with the cookie that the one before has left. The service answers rightly to
 * tabs that are at it together, too, so nobody waits for a tab that hangs, or for locks that a browser does not have.
 */
export function createTurns(locks: Locks | undefined): Turns {
  return async (work) => {
    if (!locks) return await work();
    const turn = { hasCome: false };
    try {
      return await locks.request('refresh', { signal: AbortSignal.timeout(PATIENCE) }, () => {
        turn.hasCome = true;
        return work();
      });
    } catch (error) {
      if (turn.hasCome) throw error;
      return await work();
    }
  };
}
