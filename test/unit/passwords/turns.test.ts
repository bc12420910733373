import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createTurns } from '../../../src/passwords/turns.ts';

describe('Turns', () => {
  it('does one thing at a time for a key, in the order of asking, and things of different keys at once', async () => {
    const turns = createTurns();
    const log: string[] = [];
    const work = (name: string) => async () => {
      log.push(`${name} begins`);
      await delay(20);
      log.push(`${name} ends`);
      return name;
    };
    const results = await Promise.all([turns('a', work('a1')), turns('a', work('a2')), turns('b', work('b1'))]);
    expect(results).toEqual(['a1', 'a2', 'b1']);
    expect(log.indexOf('a2 begins')).toBeGreaterThan(log.indexOf('a1 ends'));
    expect(log.indexOf('b1 begins')).toBeLessThan(log.indexOf('a1 ends'));
  });

  it('goes on after a failure, which only its own caller hears of', async () => {
    const turns = createTurns();
    const failing = turns('a', () => Promise.reject(new Error('no')));
    const next = turns('a', () => Promise.resolve('yes'));
    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe('yes');
  });
});
