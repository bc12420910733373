import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase } from '../../../support/test-database.ts';
import type { TestDatabase } from '../../../support/test-database.ts';
import { inParallel } from '../in-parallel.ts';
import { only } from '../scene.ts';

let database: TestDatabase | undefined;
beforeEach(async () => {
  await database?.drop();
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

const query = async (text: string, values?: unknown[]) => (await database?.query(text, values)) ?? [];

const ADD = `select auth.add_signing_key($1, 'EdDSA', '{"kty": "OKP"}', '\\x00', $2, '1 hour', $3) as is_added`;
const add = async (kid: string, activeIn: string, newest: string | null) =>
  only(await query(ADD, [kid, activeIn, newest]))['is_added'];

describe('auth.add_signing_key', () => {
  it('adds one key when ten replicas rotate at once', async () => {
    await add('first', '0', null);
    const answers = await inParallel(database?.serviceUrl ?? '', 10, async (client, index) => {
      const { rows } = await client.query<{ is_added: boolean }>(ADD, [`rotated-${index}`, '1 hour', 'first']);
      return only(rows).is_added;
    });
    expect(answers.filter((answer) => answer === true)).toHaveLength(1);
    expect(answers.filter((answer) => answer === false)).toHaveLength(9);
    expect(await query('select count(*)::int as keys from auth.signing_keys')).toEqual([{ keys: 2 }]);
    expect(await query('select keys_version::int from auth.revocation_state')).toEqual([{ keys_version: 2 }]);
    expect(
      await query(`select count(*)::int as events from auth.outbox_events where type = 'signing_key.added'`),
    ).toEqual([{ events: 2 }]);
  });

  it('adds one first key to a new database', async () => {
    const answers = await inParallel(database?.serviceUrl ?? '', 10, async (client, index) => {
      const { rows } = await client.query<{ is_added: boolean }>(ADD, [`first-${index}`, '0', null]);
      return only(rows).is_added;
    });
    expect(answers.filter((answer) => answer === true)).toHaveLength(1);
  });

  it('lets the predecessor verify until the overlap after the take-over is over', async () => {
    await add('first', '0', null);
    expect(await add('second', '2 hours', 'first')).toBe(true);
    const [row] = await query(
      `select a.retired_at - b.active_from = interval '1 hour' as is_overlap, b.retired_at is null as is_open
         from auth.signing_keys a, auth.signing_keys b where a.kid = 'first' and b.kid = 'second'`,
    );
    expect(row).toEqual({ is_overlap: true, is_open: true });
  });

  it('drops a key that was published for later and would take over from the new one', async () => {
    await add('first', '0', null);
    await add('published', '2 hours', 'first');
    expect(await add('at-once', '5 seconds', 'published')).toBe(true);
    expect(await query('select kid from auth.signing_keys order by active_from')).toEqual([
      { kid: 'first' },
      { kid: 'at-once' },
    ]);
  });

  it('refuses a public key that is not only public', async () => {
    await expect(
      query(`select auth.add_signing_key('k', 'EdDSA', '{"kty": "OKP", "d": "secret"}', '\\x00', '0', '1 hour', null)`),
    ).rejects.toThrow('signing_keys_public_only');
  });
});
