import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../house/source-files.ts';
import { bearer, register } from '../support/people.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

const run = promisify(execFile);
const NODE = process.execPath;

let database: TestDatabase;
let service: TestService;
let consumer: string;
let installed: string;
beforeAll(async () => {
  consumer = mkdtempSync(path.join(tmpdir(), 'auth-consumer-'));
  installed = path.join(consumer, 'node_modules/auth-service');
  database = await createTestDatabase();
  service = await startService({ DATABASE_URL: database.serviceUrl });
  await install();
});
afterAll(async () => {
  await service?.stop();
  await database?.drop();
  if (consumer) rmSync(consumer, { recursive: true });
});

/** Builds, packs and unpacks as npm would install it, with nothing beside it but what it says that it depends on. */
async function install(): Promise<void> {
  const built = path.join(consumer, 'built');
  await run(NODE, ['--disable-warning=ExperimentalWarning', path.join(ROOT, 'build/client.ts'), built]);
  const { stdout } = await run('npm', ['pack', '--silent', '--offline', built], { cwd: consumer });
  mkdirSync(installed, { recursive: true });
  await run('tar', ['-xzf', path.join(consumer, stdout.trim()), '--strip-components=1', '-C', installed]);
  rmSync(built, { recursive: true });
  for (const name of [...Object.keys(manifest().dependencies), '@types/node']) {
    mkdirSync(path.dirname(path.join(consumer, 'node_modules', name)), { recursive: true });
    symlinkSync(path.join(ROOT, 'node_modules', name), path.join(consumer, 'node_modules', name));
  }
  cpSync(path.join(ROOT, 'test/client/support/consumer'), consumer, { recursive: true });
  for (const file of readdirSync(consumer).filter((name) => name.endsWith('.txt'))) {
    cpSync(path.join(consumer, file), path.join(consumer, file.replace(/\.txt$/, '')));
  }
}

function manifest() {
  return JSON.parse(readFileSync(path.join(installed, 'package.json'), 'utf8')) as {
    version: string;
    dependencies: Record<string, string>;
  };
}

describe('The client package, as it is installed', () => {
  it('depends on nothing that only the service needs, in the versions of the service', () => {
    const own = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
    const { version, dependencies } = manifest();
    expect(version).toBe(own.version);
    expect(Object.keys(dependencies)).toEqual([
      '@bufbuild/protobuf',
      '@grpc/grpc-js',
      'abort-controller-x',
      'lru-cache',
      'nice-grpc',
      'nice-grpc-common',
      'nice-grpc-error-details',
    ]);
    for (const [name, wanted] of Object.entries(dependencies)) expect(wanted).toBe(own.dependencies[name]);
  });

  it('holds nothing of the service but what verifying needs', () => {
    const files = readdirSync(installed, { recursive: true, encoding: 'utf8' });
    const folders = new Set(files.filter((file) => file.endsWith('s')).map((file) => file.split(path.sep)[0]));
    expect([...folders].sort()).toEqual(['client', 'clock.d.ts', 'clock.js', 'gen', 'revocation', 'tokens']);
    expect(files.filter((file) => /signing-key|key-ring|cipher|replica|\bdb\b/.test(file))).toEqual([]);
  });

  it('is understood by the compiler in a project of somebody else', async () => {
    const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc');
    const { stdout } = await run(NODE, [tsc, '-p', '.'], { cwd: consumer }).catch((error: { stdout: string }) => error);
    expect(stdout).toBe('');
  });

  it('keeps a consumer from taking a user out of a bad token', async () => {
    const wrong = path.join(consumer, 'wrong.ts');
    const text = `import { createTokenVerifier } from 'auth-service/client';
const { principal } = await createTokenVerifier({ address: '' }).verify('');
export const userId: string = principal.userId;
`;
    writeFileSync(wrong, text);
    const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc');
    const { stdout } = await run(NODE, [tsc, '-p', '.'], { cwd: consumer }).catch((error: { stdout: string }) => error);
    rmSync(wrong);
    expect(stdout).toMatch(/^wrong\.ts\(3,\d+\): error TS18048: 'principal' is possibly 'undefined'/m);
    expect(stdout.match(/error/g)).toHaveLength(1);
  });

  it('verifies and calls the real service from there', async () => {
    const [live, gone] = await Promise.all([register(service), register(service)]);
    await service.auth.logout({}, bearer(gone.tokens.accessToken));
    const args = [service.address, live.tokens.accessToken, gone.tokens.accessToken, live.secondLogin, live.password];
    const { stdout } = await run(NODE, ['--disable-warning=ExperimentalWarning', 'consumer.ts', ...args], {
      cwd: consumer,
      timeout: 30_000,
    });
    expect(JSON.parse(stdout)).toEqual({
      live: live.userId,
      gone: 'TOKEN_REVOKED',
      streamed: live.userId,
      called: live.userId,
      refused: 'TOKEN_MISSING',
      endedSessions: 1,
    });
  });
});
