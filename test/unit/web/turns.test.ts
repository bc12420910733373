import { expect, it, vi } from 'vitest';
import { createTurns } from '../../../src/web/session/turns.ts';

/** As browsers have it: one at a time, in the order of their coming; who gives up is refused. */
function newLocks() {
  let last: Promise<unknown> = Promise.resolve();
  return {
    async request<T>(_name: string, { signal }: { signal: AbortSignal }, work: () => Promise<T>): Promise<T> {
      const before = last;
      const { promise, resolve } = Promise.withResolvers<void>();
      last = promise;
      const isGivenUp = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
      try {
        await Promise.race([before, isGivenUp]);
        return await work();
      } finally {
        resolve();
      }
    },
  };
}

it('Tabs refresh one after the other', async () => {
  const locks = newLocks();
  let atIt = 0;
  let most = 0;
  const refresh = async () => {
    most = Math.max(most, (atIt += 1));
    await new Promise((resolve) => setImmediate(resolve));
    atIt -= 1;
  };
  // Each tab has turns of its own; the locks are those of the browser.
  await Promise.all(Array.from({ length: 5 }, () => createTurns(locks)(refresh)));
  expect(most).toBe(1);
});

it('Nobody waits for a tab that hangs, and what a refresh has answered is not asked a second time', async () => {
  const patience = new AbortController();
  vi.spyOn(AbortSignal, 'timeout').mockReturnValue(patience.signal);
  const locks = newLocks();
  void createTurns(locks)(() => new Promise(() => undefined));
  const refresh = vi.fn(async () => 'tokens');
  const refreshed = createTurns(locks)(refresh);
  patience.abort(new DOMException('too long', 'TimeoutError'));
  expect(await refreshed).toBe('tokens');
  expect(refresh).toHaveBeenCalledTimes(1);
  vi.restoreAllMocks();

  const refused = vi.fn(async () => await Promise.reject(new Error('refused')));
  await expect(createTurns(newLocks())(refused)).rejects.toThrow('refused');
  expect(refused).toHaveBeenCalledTimes(1);
});

it('A browser without locks refreshes all the same', async () => {
  expect(await createTurns(undefined)(async () => 'tokens')).toBe('tokens');
});
