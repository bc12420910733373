import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase } from '../../../support/test-database.ts';
import type { TestDatabase } from '../../../support/test-database.ts';
import { inParallel } from '../in-parallel.ts';
import { only } from '../scene.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

const WRITERS = 20;
const TRANSACTIONS = 10;

describe('auth.record_revocations', () => {
  it('makes revisions visible in their order and without gaps, under 20 parallel connections', async () => {
    const reader = new pg.Client({ connectionString: database.serviceUrl });
    await reader.connect();
    const looks: { seen: number; highest: number; revision: number }[] = [];
    let isWriting = true;
    const look = async () => {
      // As a replica reads: one snapshot for the rows and for the revision that they are complete up to.
      const { rows } = await reader.query<{ revision: string; entries: [number][] | null }>(
        `select revision, entries from auth.read_revocations($1, 0, 100000)`,
        [randomUUID()],
      );
      const { revision, entries } = only(rows);
      const revisions = (entries ?? []).map(([each]) => each);
      looks.push({ seen: revisions.length, highest: Math.max(0, ...revisions), revision: Number(revision) });
    };
    const reading = (async () => {
      while (isWriting) await look();
    })();

    const results = await inParallel(database.ownerUrl, WRITERS, async (client, writer) => {
      const answered: number[] = [];
      for (let turn = 0; turn < TRANSACTIONS; turn += 1) {
        const count = 1 + ((writer + turn) % 3);
        const subjects = Array.from({ length: count }, () => randomUUID());
        await client.query('begin');
        const { rows } = await client.query<{ revision: string }>(
          `select auth.record_revocations('token', $1, array_fill(now() + interval '1 hour', array[$2::int]), $3, 'test', null) as revision`,
          [subjects, count, randomUUID()],
        );
        // A transaction that is open for a moment longer than its neighbours is what would leave a gap.
        await client.query('select pg_sleep(random() * 0.003)');
        await client.query(turn % 5 === 4 ? 'rollback' : 'commit');
        if (turn % 5 !== 4) answered.push(Number(only(rows).revision));
      }
      return answered;
    });
    isWriting = false;
    await reading;
    await look();
    await reader.end();

    expect(results.filter((result) => result instanceof pg.DatabaseError)).toEqual([]);
    expect(looks.filter(({ seen, highest, revision }) => seen !== highest || highest !== revision)).toEqual([]);
    // It was looked at while it grew, not only before and after.
    expect(new Set(looks.map(({ revision }) => revision)).size).toBeGreaterThan(10);

    const answers = (results as number[][]).flat();
    expect(new Set(answers).size).toBe(answers.length);
    expect(Math.max(...answers)).toBe(looks.at(-1)?.revision);
  });

  it('numbers what it is given in the order in which it is given', async () => {
    const subjects = Array.from({ length: 5 }, () => randomUUID());
    await database.query(
      `select auth.record_revocations('session', $1, array_fill(now(), array[5]), $2, 'test', null)`,
      [subjects, randomUUID()],
    );
    const rows = await database.query<{ subject: string }>(
      `select subject from auth.revocations where kind = 'session' order by revision`,
    );
    expect(rows.map(({ subject }) => subject)).toEqual(subjects);
  });
});
