import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSlotDispenser } from '../../../src/workers/slot-dispenser.ts';

describe('The dispenser of slots', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function setUp(slots: number) {
    const granted: string[] = [];
    const dispenser = createSlotDispenser({ slots, grant: (worker, id) => granted.push(`${worker}/${id}`) });
    return { ...dispenser, granted };
  }

  it('hands out as many as there are, and the next as they come back, in the order of asking', () => {
    const { take, giveBack, granted } = setUp(2);
    for (const [worker, id] of [
      [1, 1],
      [2, 1],
      [1, 2],
      [3, 1],
    ] as const)
      take(worker, id);
    expect(granted).toEqual(['1/1', '2/1']);
    giveBack(2, 1);
    expect(granted).toEqual(['1/1', '2/1', '1/2']);
    giveBack(1, 1);
    expect(granted).toEqual(['1/1', '2/1', '1/2', '3/1']);
  });

  it('takes back what a worker held that is gone, and forgets what it wanted', () => {
    const { take, forget, granted } = setUp(2);
    for (const id of [1, 2, 3]) take(1, id);
    take(2, 1);
    forget(1);
    expect(granted).toEqual(['1/1', '1/2', '2/1']);
    take(3, 1);
    expect(granted).toEqual(['1/1', '1/2', '2/1', '3/1']);
  });

  it('gives nothing to a request that was taken back while it waited', () => {
    const { take, giveBack, granted } = setUp(1);
    take(1, 1);
    take(2, 1);
    take(3, 1);
    giveBack(2, 1);
    giveBack(1, 1);
    expect(granted).toEqual(['1/1', '3/1']);
  });

  it('makes no slot of what comes back twice, or was never given', () => {
    const { take, giveBack, forget, granted } = setUp(1);
    take(1, 1);
    giveBack(1, 1);
    giveBack(1, 1);
    giveBack(4, 9);
    forget(4);
    take(1, 2);
    take(2, 1);
    expect(granted).toEqual(['1/1', '1/2']);
  });

  it('does not wait for ever for a worker that stands still', () => {
    const { take, giveBack, granted } = setUp(1);
    take(1, 1);
    take(2, 1);
    vi.advanceTimersByTime(20_000);
    expect(granted).toEqual(['1/1']);
    vi.advanceTimersByTime(20_000);
    expect(granted).toEqual(['1/1', '2/1']);
    // It goes on after all; that slot is another's now.
    giveBack(1, 1);
    take(3, 1);
    expect(granted).toEqual(['1/1', '2/1']);
  });
});
