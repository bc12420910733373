import { randomUUID } from 'node:crypto';
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

const query: TestDatabase['query'] = (text, values) => database.query(text, values);
const RESERVE = 'select auth.reserve_message($1, $2, $3, $4) as seconds';

type Quota = { limit?: number | null; window?: string; waits?: readonly string[] };
const args = (subject: string, { limit = null, window = '1 hour', waits = [] }: Quota) => [
  subject,
  limit,
  window,
  waits,
];
const reserve = async (subject: string, quota: Quota) =>
  only(await query<{ seconds: number }>(RESERVE, args(subject, quota))).seconds;
const quotaOf = async (subject: string) =>
  only(await query<{ used: number }>('select used from auth.message_quotas where subject = $1', [subject]));

describe('auth.reserve_message', () => {
  it('gives as many as the limit and then says when the window ends', async () => {
    const subject = randomUUID();
    const quota = { limit: 3 };
    expect([await reserve(subject, quota), await reserve(subject, quota), await reserve(subject, quota)]).toEqual([
      0, 0, 0,
    ]);
    const seconds = await reserve(subject, quota);
    expect(seconds).toBeLessThanOrEqual(3600);
    expect(seconds).toBeGreaterThan(3500);
    expect(await quotaOf(subject)).toEqual({ used: 3 });
  });

  it('gives none where the limit is none', async () => {
    expect(await reserve(randomUUID(), { limit: 0 })).toBeGreaterThan(0);
  });

  it('begins anew when the window is over: with the count, with the pauses, and with a window of its own', async () => {
    const subject = randomUUID();
    const quota = { limit: 2, waits: ['1 minute', '30 minutes'] };
    await reserve(subject, quota);
    await query('update auth.message_quotas set next_at = now() where subject = $1', [subject]);
    await reserve(subject, quota);
    // The pause of the old window is not over when its time is.
    await query('update auth.message_quotas set expires_at = now() where subject = $1', [subject]);
    expect(await reserve(subject, quota)).toBe(0);
    expect(await quotaOf(subject)).toEqual({ used: 1 });
    const seconds = await reserve(subject, quota);
    expect(seconds).toBeLessThanOrEqual(60);
    expect(seconds).toBeGreaterThan(30);
    expect(
      await query(
        `select expires_at > now() + interval '50 minutes' as is_new from auth.message_quotas where subject = $1`,
        [subject],
      ),
    ).toEqual([{ is_new: true }]);
  });

  it('counts nothing that it refuses', async () => {
    const subject = randomUUID();
    const quota = { waits: ['1 hour'] };
    await reserve(subject, quota);
    for (let turn = 0; turn < 5; turn += 1) expect(await reserve(subject, quota)).toBeGreaterThan(0);
    expect(await quotaOf(subject)).toEqual({ used: 1 });
  });

  it('never answers 0 when it refuses, however little is left', async () => {
    const subject = randomUUID();
    await reserve(subject, { waits: ['0.5 seconds'] });
    expect(await reserve(subject, { waits: ['0.5 seconds'] })).toBe(1);
  });

  it.each([1, 7])('gives exactly %i to 50 who ask at once', async (limit) => {
    const subject = randomUUID();
    const answers = await inParallel(database.ownerUrl, 50, async (client) => {
      const { rows } = await client.query<{ seconds: number }>(RESERVE, args(subject, { limit }));
      return only(rows).seconds;
    });
    expect(answers.filter((seconds) => seconds === 0)).toHaveLength(limit);
    expect(answers.filter((seconds) => typeof seconds === 'number' && seconds > 0)).toHaveLength(50 - limit);
  });
});
