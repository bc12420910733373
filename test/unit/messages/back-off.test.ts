import { describe, expect, it } from 'vitest';
import { backOff } from '../../../src/messages/back-off.ts';

describe('The pause before the next attempt', () => {
  it('begins with a second, doubles, and ends at five minutes', () => {
    const pauses = Array.from({ length: 12 }, (_, index) => backOff(index + 1, () => 0.5) / 1000);
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
  });

  it('is up to a fifth shorter or longer, so that what failed together does not come back together', () => {
    expect(backOff(1, () => 0)).toBe(800);
    expect(backOff(1, () => 1)).toBe(1200);
  });
});
