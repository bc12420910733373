import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { register, tokensOf } from '../../support/people.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';

describe('What Refresh stores', () => {
  let database: TestDatabase;
  let service: TestService;

  beforeAll(async () => {
    database = await createTestDatabase();
    service = await startService({ DATABASE_URL: database.serviceUrl });
  });
  afterAll(async () => {
    await service?.stop();
    await database?.drop();
  });

  /** The tables of schema auth in which a text stands, in any column and as text or as hex. */
  async function tablesWith(text: string): Promise<string[]> {
    const tables = await database.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('auth', 'accounts')`,
    );
    const found: string[] = [];
    for (const { name } of tables) {
      const rows = await database.query(`select 1 from ${name} t where position(lower($1) in lower(t::text)) > 0`, [
        text,
      ]);
      if (rows.length > 0) found.push(name);
    }
    return found;
  }

  it('is one row a session, after 1 000 refreshes', async () => {
    const { tokens } = await register(service);
    let { refreshToken } = tokens;
    for (let count = 0; count < 1000; count += 1) {
      ({ refreshToken } = tokensOf(await service.auth.refresh({ refreshToken })));
    }
    const rows = await database.query(
      `select (select count(*)::int from auth.refresh_tokens) as tokens, (select count(*)::int from auth.sessions) as sessions,
              (select generation from auth.refresh_tokens) as generation`,
    );
    expect(rows).toEqual([{ tokens: 1, sessions: 1, generation: 1001 }]);
  });

  it('is nothing that could be used', async () => {
    const { tokens, userId } = await register(service);
    const next = tokensOf(await service.auth.refresh({ refreshToken: tokens.refreshToken }));
    for (const pair of [tokens, next]) {
      const bytes = Buffer.from(pair.refreshToken.slice(4), 'base64url');
      const parts = [bytes.subarray(20, 36), bytes.subarray(36)];
      const secrets = [
        pair.refreshToken,
        pair.accessToken,
        pair.accessToken.split('.')[2] ?? '',
        ...parts.flatMap((part) => [part.toString('hex'), part.toString('base64'), part.toString('base64url')]),
      ];
      for (const secret of secrets) expect(await tablesWith(secret)).toEqual([]);
    }
    // The search does find what is there.
    expect(await tablesWith(userId)).toContain('auth.refresh_tokens');
  });
});
