import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { runMain } from '../support/npm-start.ts';
import { startRedisServer } from '../support/redis-server.ts';
import { TEST_MASTER_KEY } from '../support/service.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

describe('A start with DATABASE_URL is refused', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'auth-start-'));
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(async () => {
    await database?.drop();
    rmSync(directory, { recursive: true, force: true });
  });

  /** What it says; one that starts after all is ended by the time limit of the test. */
  async function refusal(settings: Record<string, string>): Promise<string> {
    const run = runMain(directory, { MASTER_KEY: TEST_MASTER_KEY, LOCAL_CALLERS: 'on', ...settings });
    const { code, errors } = await run.ended();
    expect(code).toBe(1);
    expect(errors).not.toMatch(/^\s+at /m);
    return errors.trim();
  }

  it('on a database that has not been migrated', async () => {
    const name = `auth_test_empty_${randomBytes(4).toString('hex')}`;
    const superuser = new pg.Client({ connectionString: inject('postgresUrl') });
    await superuser.connect();
    await superuser.query(`create database ${name}`);
    const url = new URL(database.serviceUrl);
    url.pathname = `/${name}`;
    try {
      expect(await refusal({ DATABASE_URL: url.href })).toBe(
        'The database has not been migrated for this version. Run: npm run migrate',
      );
    } finally {
      await superuser.query(`drop database ${name} with (force)`);
      await superuser.end();
    }
  });

  it('where nobody listens', async () => {
    expect(await refusal({ DATABASE_URL: 'postgres://auth_service:x@127.0.0.1:1/auth' })).toMatch(
      /^PostgreSQL \(DATABASE_URL\) does not answer: /,
    );
  });

  it('with a wrong password, which is not repeated', async () => {
    const url = new URL(database.serviceUrl);
    url.password = 'a-wrong-password';
    const said = await refusal({ DATABASE_URL: url.href });
    expect(said).toMatch(/^PostgreSQL \(DATABASE_URL\) refuses: /);
    expect(said).not.toContain('a-wrong-password');
  });

  it('as a role with rights on tables', async () => {
    const superuser = new URL(inject('postgresUrl'));
    superuser.pathname = new URL(database.serviceUrl).pathname;
    for (const url of [superuser.href, database.ownerUrl]) {
      expect(await refusal({ DATABASE_URL: url })).toMatch(/^The role in DATABASE_URL has rights on tables /);
    }
  });

  it('with a Redis that throws keys away', async () => {
    const redis = await startRedisServer({
      dir: path.join(directory, 'redis'),
      extraArgs: ['--maxmemory-policy', 'allkeys-lru'],
    });
    try {
      expect(await refusal({ DATABASE_URL: database.serviceUrl, REDIS_URL: redis.url })).toBe(
        'Redis evicts keys (maxmemory-policy allkeys-lru); set it to noeviction.',
      );
    } finally {
      await redis.stop();
    }
  });

  it('with a master key that is not the one of the data', async () => {
    await database.query('delete from auth.signing_keys');
    const run = runMain(directory, {
      DATABASE_URL: database.serviceUrl,
      MASTER_KEY: TEST_MASTER_KEY,
      LOCAL_CALLERS: 'on',
    });
    await expect.poll(() => run.output(), { timeout: 20_000 }).toContain('"msg":"serving"');
    run.signal('SIGTERM');
    expect((await run.ended()).code).toBe(0);

    const wrong = { DATABASE_URL: database.serviceUrl, MASTER_KEY: Buffer.alloc(32, 1).toString('base64') };
    expect(await refusal(wrong)).toContain('MASTER_KEY is not the one');
    // Also when a new key is due: one that only the wrong master key opens would stop the running replicas.
    await database.query(`update auth.signing_keys set active_from = now() - interval '1 year'`);
    expect(await refusal(wrong)).toContain('MASTER_KEY is not the one');
    expect(await database.query('select kid from auth.signing_keys')).toHaveLength(1);
  });
});
