import { describe, expect, it } from 'vitest';
import { createActivity } from '../../../src/sessions/activity.ts';

type Use = { readonly sessionId: string; readonly usedAt: Date };

function setUp() {
  const time = { now: 1000 };
  const calls: (readonly Use[])[] = [];
  const database = { fails: (_uses: readonly Use[]) => false };
  const activity = createActivity({
    sessions: {
      async touchSessions(uses) {
        if (database.fails(uses)) throw new Error('PostgreSQL is away');
        calls.push(uses);
        return uses.length;
      },
    },
    clock: { now: () => time.now },
  });
  const note = (...sessionIds: string[]) => sessionIds.forEach((sessionId) => activity.note({ sessionId }));
  const written = () => calls.flat().map(({ sessionId, usedAt }) => [sessionId, usedAt.getTime()]);
  return { time, calls, database, flush: activity.flush, note, written };
}

const numbered = (count: number, from = 0) => Array.from({ length: count }, (_, index) => `session ${from + index}`);

describe('The activity of sessions', () => {
  it('is one entry for a session, however often it is used', async () => {
    const { note, flush, written } = setUp();
    for (let use = 0; use < 1000; use += 1) note('a');
    note('b');
    await flush();
    expect(written()).toEqual([
      ['a', 1000],
      ['b', 1000],
    ]);
  });

  it('is written once, and again when it is used again', async () => {
    const { note, flush, written, time } = setUp();
    note('a');
    await flush();
    await flush();
    expect(written()).toEqual([['a', 1000]]);
    time.now = 2000;
    note('a');
    await flush();
    expect(written()).toEqual([
      ['a', 1000],
      ['a', 2000],
    ]);
  });

  it('costs no call where nothing was used', async () => {
    const { flush, calls } = setUp();
    await flush();
    expect(calls).toEqual([]);
  });

  it('is written a thousand sessions at a time', async () => {
    const { note, flush, calls } = setUp();
    note(...numbered(2500));
    await flush();
    expect(calls.map((uses) => uses.length)).toEqual([1000, 1000, 500]);
  });

  it('waits when it cannot be written: what was not written, and nothing else', async () => {
    const { note, flush, written, database, calls } = setUp();
    note(...numbered(2500));
    database.fails = (uses) => uses[0]?.sessionId === 'session 1000';
    await expect(flush()).rejects.toThrow('PostgreSQL is away');
    expect(calls.map((uses) => uses.length)).toEqual([1000]);
    database.fails = () => false;
    await flush();
    expect(written().map(([sessionId]) => sessionId)).toEqual(numbered(2500));
  });

  it('of a use during a flush that fails is the later one', async () => {
    const { note, flush, written, database, time } = setUp();
    note('a', 'b');
    database.fails = () => {
      time.now = 2000;
      note('b');
      return true;
    };
    await expect(flush()).rejects.toThrow('PostgreSQL is away');
    database.fails = () => false;
    await flush();
    expect(written().sort()).toEqual([
      ['a', 1000],
      ['b', 2000],
    ]);
  });

  it('of 100000 sessions is kept, also when nothing can be written, and of no more', async () => {
    const { note, flush, written, database } = setUp();
    database.fails = () => true;
    numbered(150_000).forEach((id) => note(id));
    await expect(flush()).rejects.toThrow('PostgreSQL is away');
    numbered(150_000, 150_000).forEach((id) => note(id));
    await expect(flush()).rejects.toThrow('PostgreSQL is away');
    database.fails = () => false;
    await flush();
    expect(written()).toHaveLength(100_000);
  });
});
