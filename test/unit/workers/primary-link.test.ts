import { describe, expect, it } from 'vitest';
import type { FromPrimary, FromWorker } from '../../../src/workers/messages.ts';
import { createPrimaryLink } from '../../../src/workers/primary-link.ts';

describe('The link of a worker to its primary', () => {
  function setUp() {
    const told: FromWorker[] = [];
    const hearers: ((message: FromPrimary) => void)[] = [];
    const link = createPrimaryLink({
      tell: async (message) => void told.push(message),
      listen: (hear) => void hearers.push(hear),
    });
    return { ...link, told, hear: (message: FromPrimary) => hearers.forEach((each) => each(message)) };
  }

  it('takes a slot when the primary grants it, and gives it back', async () => {
    const { hashSlots, told, hear } = setUp();
    let isTaken = false;
    const taking = hashSlots.take().then((giveBack) => {
      isTaken = true;
      return giveBack;
    });
    await Promise.resolve();
    hear({ kind: 'slot', id: 77 });
    await new Promise(setImmediate);
    expect(isTaken).toBe(false);
    hear({ kind: 'slot', id: 1 });
    (await taking)();
    expect(told).toEqual([
      { kind: 'take slot', id: 1 },
      { kind: 'give slot back', id: 1 },
    ]);
  });

  it('gives back what nobody waits for any more, however late it is granted', async () => {
    const { hashSlots, told, hear } = setUp();
    const leaving = new AbortController();
    const taking = hashSlots.take(leaving.signal);
    leaving.abort(new Error('the caller has gone'));
    await expect(taking).rejects.toThrow('the caller has gone');
    hear({ kind: 'slot', id: 1 });
    expect(told.at(-1)).toEqual({ kind: 'give slot back', id: 1 });
  });

  it('asks for nothing on behalf of a caller who has gone already', async () => {
    const { hashSlots, told } = setUp();
    await expect(hashSlots.take(AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
    expect(told).toEqual([]);
  });

  it('hears what is said in the channels that it follows', () => {
    const { bus, hear } = setUp();
    const heard: string[] = [];
    bus.subscribe(['one', 'two'], (channel, text) => heard.push(`${channel}: ${text}`));
    for (const channel of ['one', 'three', 'two']) hear({ kind: 'message', channel, text: 'hello' });
    expect(heard).toEqual(['one: hello', 'two: hello']);
  });
});
