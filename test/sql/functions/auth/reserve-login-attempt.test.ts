import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase } from '../../../support/test-database.ts';
import type { TestDatabase } from '../../../support/test-database.ts';
import { inParallel } from '../in-parallel.ts';
import { only } from '../scene.ts';

type Answer = { is_allowed: boolean; retry_after_seconds: number };

let database: TestDatabase;
let service: pg.Client;
beforeAll(async () => {
  database = await createTestDatabase();
  service = new pg.Client({ connectionString: database.serviceUrl });
  await service.connect();
});
afterAll(async () => {
  await service?.end();
  await database?.drop();
});

async function reserve(client: pg.Client, subject: string, limit: number, firstBlock: string | null = '60 seconds') {
  const { rows } = await client.query<Answer>(
    `select * from auth.reserve_login_attempt($1, $2, $3, '15 minutes', '1 day')`,
    [subject, limit, firstBlock],
  );
  return only(rows);
}

/** As if the block had been served. */
const serveBlock = (subject: string) =>
  database.query(`update auth.login_attempts set blocked_until = now() - interval '1 ms' where subject = $1`, [
    subject,
  ]);

describe('auth.reserve_login_attempt', () => {
  it.each([1, 10])('lets exactly %i of 50 parallel attempts through', async (limit) => {
    const subject = randomUUID();
    const answers = await inParallel(database.serviceUrl, 50, (client) => reserve(client, subject, limit));
    expect(answers.filter((answer) => answer instanceof pg.DatabaseError)).toEqual([]);
    const allowed = (answers as Answer[]).filter(({ is_allowed }) => is_allowed);
    expect(allowed).toHaveLength(limit);
    for (const { is_allowed, retry_after_seconds } of answers as Answer[]) {
      expect(retry_after_seconds > 0).toBe(!is_allowed);
    }
  });

  it('lets one of many through when a block is over, and blocks for twice as long, up to 15 minutes', async () => {
    const subject = randomUUID();
    const blocks: number[] = [];
    expect(await reserve(service, subject, 1)).toEqual({ is_allowed: true, retry_after_seconds: 0 });
    for (let turn = 0; turn < 6; turn += 1) {
      blocks.push((await reserve(service, subject, 1)).retry_after_seconds);
      await serveBlock(subject);
      if (turn === 0) {
        const answers = (await inParallel(database.serviceUrl, 10, (client) =>
          reserve(client, subject, 1),
        )) as Answer[];
        expect(answers.filter(({ is_allowed }) => is_allowed)).toHaveLength(1);
      } else {
        expect((await reserve(service, subject, 1)).is_allowed).toBe(true);
      }
    }
    // The machine may have been slow for some seconds in between.
    const expected = [60, 120, 240, 480, 900, 900];
    for (const [turn, block] of blocks.entries()) {
      expect(block).toBeLessThanOrEqual(expected[turn] ?? 0);
      expect(block).toBeGreaterThan((expected[turn] ?? 0) - 30);
    }
  });

  it('blocks to the end of the window where no first block is given', async () => {
    const subject = randomUUID();
    await reserve(service, subject, 1, null);
    expect((await reserve(service, subject, 1, null)).retry_after_seconds).toBeGreaterThan(86_000);
  });

  it('begins anew when the window is over', async () => {
    const subject = randomUUID();
    await reserve(service, subject, 1, null);
    await database.query(
      `update auth.login_attempts set expires_at = now(), blocked_until = now() where subject = $1`,
      [subject],
    );
    expect((await reserve(service, subject, 1, null)).is_allowed).toBe(true);
    expect((await reserve(service, subject, 1, null)).is_allowed).toBe(false);
  });

  it('takes back an attempt that is released, and all that are forgiven', async () => {
    const subject = randomUUID();
    for (const undo of ['release_login_attempt', 'forgive_login_attempts']) {
      for (let turn = 0; turn < 3; turn += 1) {
        expect((await reserve(service, subject, 1)).is_allowed).toBe(true);
        expect((await reserve(service, subject, 1)).is_allowed).toBe(false);
        await service.query(`select auth.${undo}($1)`, [subject]);
      }
    }
  });

  it('counts subjects apart', async () => {
    await reserve(service, 'one', 1);
    expect((await reserve(service, 'two', 1)).is_allowed).toBe(true);
  });
});
