import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { startSite } from '../browser/support/site.ts';
import { startBrowser } from '../support/browser.ts';
import { ensureChromium } from '../support/ensure-chromium.ts';
import { ensureRedisBinary } from '../support/ensure-redis.ts';
import { type StartRedisOptions, startRedisServer } from '../support/redis-server.ts';
import { startTestPostgres } from '../support/test-postgres.ts';
import { firstLine, isRunning, query, scratchForEachTest, until } from './scratch.ts';

const scratch = scratchForEachTest();
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });
afterEach(() => vi.unstubAllEnvs());

async function startRedis(options: Omit<StartRedisOptions, 'dir'> = {}) {
  const server = await startRedisServer({ dir: join(scratch.directory(), 'redis'), ...options });
  scratch.afterTest(() => server.stop());
  const client = new Redis(server.url, { retryStrategy: () => 50, maxRetriesPerRequest: null });
  client.on('error', () => undefined);
  scratch.afterTest(() => {
    client.disconnect();
  });
  return { server, client };
}

describe('the Redis of a test', () => {
  test('is real, local, and throws nothing away', async () => {
    const { client } = await startRedis();
    expect(await client.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction']);
    expect(await client.config('GET', 'bind')).toEqual(['bind', '127.0.0.1']);
    expect(await client.config('GET', 'save')).toEqual(['save', '']);
  });

  test('keeps what was written through kill and restart with appendOnly, on the same port', async () => {
    const { server, client } = await startRedis({ appendOnly: true });
    await client.set('kept', 'yes');
    const { pid, port } = server;
    await server.kill();
    expect(await isRunning(pid)).toBe(false);
    await server.restart();
    expect(server.pid).not.toBe(pid);
    expect(server.port).toBe(port);
    expect(await client.get('kept')).toBe('yes');
  });

  test('forgets everything through kill and restart without', async () => {
    const { server, client } = await startRedis();
    await client.set('kept', 'yes');
    await server.kill();
    await server.restart();
    expect(await client.get('kept')).toBeNull();
  });

  test('does not answer while paused, and does after', async () => {
    const { server, client } = await startRedis();
    await client.ping();
    server.pause();
    const answer = client.ping();
    expect(await Promise.race([answer, sleep(300, 'silence')])).toBe('silence');
    server.resume();
    expect(await answer).toBe('PONG');
  });

  test('can be stopped while paused, and twice', async () => {
    const { server } = await startRedis();
    server.pause();
    await server.stop();
    await server.stop();
    expect(await isRunning(server.pid)).toBe(false);
  });

  test('that cannot start says why', async () => {
    const { server } = await startRedis();
    const dir = join(scratch.directory(), 'redis');
    await expect(startRedisServer({ dir, port: server.port })).rejects.toThrow(/Address already in use/);
    await expect(startRedisServer({ dir, extraArgs: ['--no-such-option', '1'] })).rejects.toThrow(/no-such-option/);
  });

  test('is demanded in one sentence where there is none', () => {
    vi.stubEnv('PATH', scratch.directory());
    expect(() => ensureRedisBinary()).toThrow(/The tests need redis-server/);
  });
});

describe('the browser of a test', () => {
  test('is demanded in one sentence where there is none', () => {
    vi.stubEnv('PATH', scratch.directory());
    expect(() => ensureChromium()).toThrow(/The tests need Chromium or Google Chrome in PATH: install it/);
  });

  test('asks nobody but this machine, by whatever name or address', async () => {
    const site = await startSite({ '/': '<title>Here</title>' });
    scratch.afterTest(() => site.stop());
    const browser = await startBrowser();
    scratch.afterTest(() => browser.close());
    const { profile } = await browser.newProfile();
    const tab = await profile.newPage();
    for (const host of ['localhost', 'example.com', 'app.example.test', '198.51.100.1', '[2001:db8::1]']) {
      await tab.goto(site.at(host));
      expect(await tab.title(), host).toBe('Here');
    }
  });
});

describe('the PostgreSQL of a test run', () => {
  test('is fast in what nobody sees only, and leaves nothing', async () => {
    const server = await startTestPostgres();
    scratch.afterTest(() => server.stop());
    const rows = await query(
      server.connectionString('postgres'),
      `select current_setting('fsync') as fsync, current_setting('max_connections') as max_connections,
              current_setting('synchronous_commit') as synchronous_commit`,
    );
    expect(rows).toEqual([{ fsync: 'off', max_connections: '300', synchronous_commit: 'on' }]);
    expect(directoriesOf(process.pid)).toHaveLength(1);
    await server.stop();
    expect(await isRunning(server.pid)).toBe(false);
    expect(directoriesOf(process.pid)).toEqual([]);
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('is gone with its directory after %s', async (signal) => {
    const run = scratch.run('test-postgres-process.ts', []);
    const pid = Number(await firstLine(run));
    run.kill(signal);
    await until(() => run.signalCode === signal);
    await until(async () => !(await isRunning(pid)));
    expect(directoriesOf(run.pid)).toEqual([]);
  });

  test('is gone after kill -9, and the next run removes its directory', async () => {
    const run = scratch.run('test-postgres-process.ts', []);
    const pid = Number(await firstLine(run));
    run.kill('SIGKILL');
    await until(async () => !(await isRunning(pid)));
    const [left] = directoriesOf(run.pid);
    expect(left).toBeDefined();
    const next = await startTestPostgres();
    await next.stop();
    expect(existsSync(join(tmpdir(), left ?? ''))).toBe(false);
  });
});

function directoriesOf(pid: number | undefined): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith(`auth-test-postgres-${pid}-`));
}
