import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const MISSING = './not-there.ts';

/** What each wall must not let through: a file that would import another. */
const VIOLATIONS: readonly [wall: string, from: string, what: string][] = [
  ['gen-imports-nothing', 'src/gen/auth/v1/token.ts', '../../../caller.ts'],
  ['caller-imports-nothing', 'src/caller.ts', './clock.ts'],
  ['config-imports-nothing', 'src/config/load.ts', '../errors/app-error.ts'],
  ['errors-import-the-catalogue-only', 'src/errors/app-error.ts', '../caller.ts'],
  ['errors-import-the-catalogue-only', 'src/errors/app-error.ts', '../gen/auth/v1/token.ts'],
  ['fields-stand-on-errors', 'src/fields/ids.ts', '../caller.ts'],
  ['passwords-import-errors-only', 'src/passwords/hasher.ts', '../accounts/contact.ts'],
  ['tokens-stand-on-nothing', 'src/tokens/key-ring.ts', '../redis/connect.ts'],
  ['revocation-stands-on-types', 'src/revocation/view.ts', '../auth/logout.ts'],
  ['revocation-stands-on-types', 'src/revocation/view.ts', '../grpc/server.ts'],
  ['db-imports-errors-only', 'src/db/pool.ts', '../grpc/server.ts'],
  ['db-imports-errors-only', 'src/db/pool.ts', '../auth/logout.ts'],
  ['redis-imports-errors-only', 'src/redis/connect.ts', '../grpc/server.ts'],
  ['redis-imports-errors-only', 'src/redis/connect.ts', '../auth/logout.ts'],
  ['jobs-import-types-of-db-only', 'src/jobs/clean-up.ts', '../auth/logout.ts'],
  ['use-cases-know-no-transport', 'src/auth/logout.ts', '../gen/auth/v1/token.ts'],
  ['use-cases-know-no-transport', 'src/accounts/contact.ts', '../grpc/server.ts'],
  ['use-cases-know-no-transport', 'src/auth/logout.ts', '../config/settings.ts'],
  ['use-cases-know-no-transport', 'src/passwords/change-password.ts', '../gen/auth/v1/token.ts'],
  ['services-only-translate', 'src/grpc/services/auth-service.ts', '../../db/pool.ts'],
  ['services-only-translate', 'src/grpc/services/auth-service.ts', '../../redis/connect.ts'],
  ['services-only-translate', 'src/grpc/services/auth-service.ts', '../../revocation/view.ts'],
  ['grpc-knows-no-storage', 'src/grpc/server.ts', '../db/pool.ts'],
  ['grpc-knows-no-storage', 'src/grpc/server.ts', '../redis/connect.ts'],
  ['grpc-knows-no-storage', 'src/grpc/server.ts', '../auth/logout.ts'],
  ['gateway-knows-no-storage', 'src/gateway/routes.ts', '../db/pool.ts'],
  ['gateway-knows-no-storage', 'src/gateway/routes.ts', '../auth/logout.ts'],
  ['http-libraries-live-in-the-gateway', 'src/auth/logout.ts', 'cors'],
  ['page-stands-alone', 'src/web/app.tsx', '../caller.ts'],
  ['page-stands-alone', 'src/web/app.tsx', '../gen/auth/v1/token.ts'],
  ['session-of-the-page-can-be-copied', 'src/web/session/session.ts', '../page.ts'],
  ['page-runs-in-browsers', 'src/web/store.ts', 'fs'],
  ['nobody-imports-the-page', 'src/gateway/page.ts', '../web/store.ts'],
  ['page-libraries-live-in-the-page', 'src/gateway/page.ts', 'preact'],
  ['messages-know-what-they-carry', 'src/messages/sender.ts', '../auth/logout.ts'],
  ['messages-know-what-they-carry', 'src/messages/sender.ts', '../grpc/server.ts'],
  ['workers-know-processes-only', 'src/workers/supervisor.ts', '../db/pool.ts'],
  ['client-stands-on-what-is-shared', 'src/client/decide.ts', '../errors/app-error.ts'],
  ['client-stands-on-what-is-shared', 'src/client/decide.ts', '../tokens/key-ring.ts'],
  ['client-stands-on-what-is-shared', 'src/client/decide.ts', '../revocation/replica.ts'],
  ['shared-with-the-client-stays-light', 'src/tokens/compact-jws.ts', './key-ring.ts'],
  ['shared-with-the-client-stays-light', 'src/tokens/compact-jws.ts', 'zod'],
  ['shared-with-the-client-stays-light', 'src/revocation/view.ts', 'ioredis'],
  ['nobody-imports-the-client', 'src/grpc/server.ts', '../client/client.ts'],
  ['embedded-is-a-set-up-only', 'src/embedded/provision.ts', '../db/pool.ts'],
  ['only-types-across-layers', 'src/auth/logout.ts', '../db/pool.ts'],
  ['only-types-across-layers', 'src/auth/logout.ts', '../redis/connect.ts'],
  ['only-types-across-layers', 'src/auth/logout.ts', '../revocation/view.ts'],
  ['only-types-across-layers', 'src/tokens/key-ring.ts', '../db/auth-functions.ts'],
  ['only-types-across-layers', 'src/grpc/server.ts', '../config/service-caller.ts'],
  ['only-types-of-db-below', 'src/revocation/view.ts', '../db/auth-functions.ts'],
  ['only-types-of-use-cases', 'src/grpc/services/auth-service.ts', '../../auth/logout.ts'],
  ['nobody-imports-a-command', 'src/auth/logout.ts', '../main.ts'],
  ['only-commands-import-the-app', 'src/grpc/server.ts', '../app.ts'],
  ['only-the-app-imports-its-parts', 'src/grpc/server.ts', '../app/jobs.ts'],
  ['jose-lives-in-tokens', 'src/auth/logout.ts', 'jose'],
  ['bcrypt-lives-in-passwords', 'src/auth/logout.ts', 'bcrypt'],
  ['argon2-lives-in-passwords', 'src/auth/logout.ts', '@node-rs/argon2'],
  ['bowser-lives-in-sessions', 'src/grpc/server.ts', 'bowser'],
  ['maxmind-lives-in-sessions', 'src/auth/logout.ts', 'maxmind'],
  ['pg-lives-in-db', 'src/auth/logout.ts', 'pg'],
  ['providers-live-in-messages', 'src/auth/logout.ts', 'nodemailer'],
  ['providers-live-in-messages', 'src/auth/logout.ts', 'mustache'],
  ['providers-live-in-messages', 'src/grpc/server.ts', 'standardwebhooks'],
  ['migrations-live-in-db', 'src/db/pool.ts', 'node-pg-migrate'],
  ['ioredis-lives-in-redis', 'src/revocation/announcer.ts', 'ioredis'],
  ['ioredis-types-where-it-is-used', 'src/auth/logout.ts', 'ioredis'],
  ['grpc-js-lives-in-grpc', 'src/auth/logout.ts', '@grpc/grpc-js'],
  ['nice-grpc-lives-in-grpc', 'src/auth/logout.ts', 'nice-grpc'],
  ['zod-reads-what-comes-in', 'src/auth/logout.ts', 'zod'],
  ['no-development-packages', 'src/auth/logout.ts', 'fast-check'],
  ['no-unresolvable', 'src/auth/logout.ts', MISSING],
];

/** The types of what may not be imported, which may be known. */
const HARMLESS: readonly [from: string, what: string][] = [
  ['src/auth/logout.ts', '../db/pool.ts'],
  ['src/auth/logout.ts', '../redis/connect.ts'],
  ['src/grpc/services/auth-service.ts', '../../auth/logout.ts'],
  ['src/grpc/rate-limiter.ts', 'ioredis'],
];

describe('dependency-cruiser', () => {
  let house: string;
  beforeAll(() => {
    house = mkdtempSync(path.join(tmpdir(), 'auth-house-'));
    for (const file of ['.dependency-cruiser.cjs', 'package.json', 'tsconfig.json']) {
      cpSync(path.join(ROOT, file), path.join(house, file));
    }
    symlinkSync(path.join(ROOT, 'node_modules'), path.join(house, 'node_modules'));
  });
  afterAll(() => rmSync(house, { recursive: true }));

  /** `<wall>: <file> -> <what>` for everything that is reported of a house with these files. */
  function walls(files: Readonly<Record<string, string>>): string[] {
    rmSync(path.join(house, 'src'), { recursive: true, force: true });
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(house, file)), { recursive: true });
      writeFileSync(path.join(house, file), text);
    }
    const cruiser = path.join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
    const { stdout, stderr } = spawnSync(process.execPath, [cruiser, '-T', 'json', 'src'], { cwd: house });
    expect(stderr.toString()).toBe('');
    const { summary } = JSON.parse(stdout.toString()) as { summary: { violations: Violation[] } };
    return summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${packageOf(to)}`);
  }

  it('reports every violation of a wall', () => {
    const statement = (what: string, n: number) => `import * as x${n} from '${what}';\nexport const y${n} = x${n};\n`;
    const reported = walls(houseOf(VIOLATIONS, statement));
    const wanted = VIOLATIONS.map(([wall, from, what]) => `${wall}: ${from} -> ${targetOf(from, what)}`);
    expect(wanted.filter((violation) => !reported.includes(violation))).toEqual([]);
  });

  it('lets types through where only values are walled off', () => {
    const statement = (what: string, n: number) =>
      `import type * as X${n} from '${what}';\nexport type Y${n} = typeof X${n};\n`;
    const reported = walls(houseOf(HARMLESS, statement));
    expect(reported.filter((violation) => !violation.startsWith('no-orphans'))).toEqual([]);
  });

  it('reports a cycle, of types too', () => {
    const reported = walls({
      'src/auth/logout.ts': "import type { B } from './refresh.ts';\nexport type A = B;\n",
      'src/auth/refresh.ts': "import type { A } from './logout.ts';\nexport type B = A;\n",
    });
    expect(reported).toContain('no-cycles: src/auth/logout.ts -> src/auth/refresh.ts');
  });

  it('reports a file that nobody imports, commands excepted', () => {
    const reported = walls({ 'src/auth/dead.ts': 'export const dead = 1;\n', 'src/main.ts': 'export {};\n' });
    expect(reported).toEqual(['no-orphans: src/auth/dead.ts -> src/auth/dead.ts']);
  });

  it('reports a barrel', () => {
    const reported = walls({
      'src/auth/index.ts': "export { logout } from './logout.ts';\n",
      'src/auth/logout.ts': 'export const logout = 1;\n',
    });
    expect(reported).toContain('no-barrels: src/auth/index.ts -> src/auth/logout.ts');
  });

  it('has no wall that is not tried here', async () => {
    const { default: config } = (await import(path.join(ROOT, '.dependency-cruiser.cjs'))) as { default: Config };
    const tried = new Set([...VIOLATIONS.map(([wall]) => wall), 'no-cycles', 'no-orphans', 'no-barrels']);
    expect(config.forbidden.map(({ name }) => name).filter((name) => !tried.has(name))).toEqual([]);
  });
});

type Violation = { readonly rule: { readonly name: string }; readonly from: string; readonly to: string };
type Config = { readonly forbidden: readonly { readonly name: string }[] };

/** All imports in one house; the files that they name exist, and are empty unless they import something too. */
function houseOf(imports: typeof VIOLATIONS | typeof HARMLESS, statement: (what: string, n: number) => string) {
  const files: Record<string, string> = {};
  imports.forEach((row, n) => {
    const [from, what] = row.slice(-2) as [string, string];
    files[from] = (files[from] ?? '') + statement(what, n);
    const target = targetOf(from, what);
    if (target.startsWith('src/')) files[target] ??= '';
  });
  return files;
}

function targetOf(from: string, what: string): string {
  return what.startsWith('.') && what !== MISSING ? path.join(path.dirname(from), what) : what;
}

/** The name of a package for a file of it. */
function packageOf(file: string): string {
  return /.*node_modules\/(?:@types\/)?((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? file;
}
