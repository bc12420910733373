import { describe, expect, it } from 'vitest';
import type { RevocationEntry } from '../../../src/db/auth-functions.ts';
import { createReplica } from '../../../src/revocation/replica.ts';
import { toUuid } from '../../../src/revocation/uuid-words.ts';
import { createRevocationView } from '../../../src/revocation/view.ts';

const EXPIRY = 4_000_000_000;
const entry = (revision: number, subject: string): RevocationEntry => [revision, 'session', subject, EXPIRY];
const uuid = (number: number) => toUuid(1, 2, 3, number);
const session = (number: number) => ({ sessionId: uuid(number), tokenId: uuid(0) });

/** A replica over a list of revocations; it renews its lease only when it is asked to. */
function setUp() {
  const database = { revision: 0, keysVersion: 1, entries: [] as RevocationEntry[], isRegistered: true, reads: 0 };
  const registered: string[] = [];
  const clock = { now: () => 0, monotonic: () => 0 };
  const view = createRevocationView({ clock, tokenLifetime: 1000 });
  const replica = createReplica({
    auth: {
      async registerReplica({ id }) {
        registered.push(id);
        database.isRegistered = true;
      },
      touchReplica: async () => undefined,
      forgetReplica: async () => undefined,
      async readRevocations({ after, limit }) {
        database.reads += 1;
        // As over a network: a replica that asks without end does not keep the test from ending.
        await new Promise((resolve) => setImmediate(resolve));
        const entries = database.entries.filter(([revision]) => revision > after).slice(0, limit);
        return { ...database, entries: database.revision > after ? entries : [] };
      },
    },
    view,
    clock,
    delay: () => new Promise(() => undefined),
    lease: 1000,
    tokenLifetime: 1000,
    onKeysChanged: async () => undefined,
    onProblem: () => undefined,
  });
  const revoke = (...subjects: number[]) => {
    for (const subject of subjects) database.entries.push(entry((database.revision += 1), uuid(subject)));
  };
  return { database, registered, view, replica, revoke };
}

describe('a replica', () => {
  it('reads what is more than one batch, to the last', async () => {
    const { database, view, replica, revoke } = setUp();
    revoke(...Array.from({ length: 4000 }, (_, index) => index + 1));
    await replica.start();
    expect(view.revision()).toBe(4000);
    expect(view.isRevoked(session(1))).toBe(true);
    expect(view.isRevoked(session(2001))).toBe(true);
    expect(view.isRevoked(session(4000))).toBe(true);
    // Two full batches and a look whether there is more.
    expect(database.reads).toBe(3);
  });

  it('registers again when it was taken off the list, before it takes a lease', async () => {
    const { database, registered, replica } = setUp();
    database.isRegistered = false;
    await replica.start();
    expect(registered).toEqual([replica.id]);
    database.isRegistered = false;
    database.revision += 1;
    await replica.learn(1);
    expect(registered).toEqual([replica.id, replica.id]);
    expect(replica.isFresh()).toBe(true);
  });

  it('finds what is committed with one read, however many ask', async () => {
    const { database, replica, revoke } = setUp();
    await replica.start();
    database.reads = 0;
    revoke(1, 2, 3);
    expect(await Promise.all([replica.learn(1), replica.learn(2), replica.learn(3)])).toEqual([3, 3, 3]);
    expect(database.reads).toBeLessThanOrEqual(2);
  });

  it('does not look for a revision that is not there again and again', async () => {
    const { database, replica } = setUp();
    await replica.start();
    database.reads = 0;
    await expect(replica.learn(1_000_000)).rejects.toThrow('is not in the database');
    expect(database.reads).toBe(1);
  });

  it('forgets nothing and misses nothing when the database was set back to an older state', async () => {
    const { database, view, replica, revoke } = setUp();
    revoke(1, 2, 3);
    await replica.start();
    database.entries.splice(1);
    database.revision = 1;
    await replica.learn(4).catch(() => undefined);
    revoke(4);
    await replica.learn(2);
    // It has the number of a revocation that is lost.
    expect(view.revision()).toBe(2);
    for (const id of [1, 2, 3, 4]) expect(view.isRevoked(session(id))).toBe(true);
  });

  it('tells nobody that all has been told while it begins anew', async () => {
    const { database, view, replica, revoke } = setUp();
    revoke(...Array.from({ length: 6000 }, (_, index) => index + 1));
    await replica.start();
    expect(replica.completeAsOf()).toBe(0);
    database.revision = 5000;
    database.entries.splice(5000);
    const known: number[] = [];
    const learning = replica.readNow();
    while (view.revision() !== 5000) {
      await new Promise((resolve) => setImmediate(resolve));
      if (view.revision() < 5000) known.push(replica.completeAsOf());
    }
    await learning;
    // Several portions, and none of them was all.
    expect(known.length).toBeGreaterThan(1);
    expect([...new Set(known)]).toEqual([Number.NEGATIVE_INFINITY]);
    expect(replica.completeAsOf()).toBe(0);
  });
});
