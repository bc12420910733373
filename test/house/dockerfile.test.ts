import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from './source-files.ts';

const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8');
const dockerfile = read('Dockerfile');

/** What a stage takes from the project's folder. */
function copiedBy(stage: string): string[] {
  return [...stage.matchAll(/^COPY (?!--)(.+) \S+$/gm)].flatMap(([, sources = '']) => sources.split(' '));
}

const [, build = '', final = ''] = dockerfile.split(/^FROM .*$/m);

it('The image has the Node that everything is tested with', () => {
  const { devDependencies } = JSON.parse(read('package.json')) as {
    readonly devDependencies: { readonly node: string };
  };
  const images = [...dockerfile.matchAll(/^FROM node:([\d.]+)-/gm)];
  expect(images.map(([, version]) => version)).toEqual([devDependencies.node, devDependencies.node]);
});

it('Docker is given all that the image copies, and nothing that was generated outside of it', () => {
  const lines = read('.dockerignore').trim().split('\n');
  expect(lines[0]).toBe('*');
  expect(lines.at(-1)).toBe('src/gen');
  const given = new Set(lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1)));
  const copied = [...copiedBy(build), ...copiedBy(final)];
  expect(copied.length).toBeGreaterThan(8);
  expect(copied.filter((file) => !given.has(file.split('/')[0] ?? ''))).toEqual([]);
  expect(copied.filter((file) => !existsSync(path.join(ROOT, file)))).toEqual([]);
});

/** One of each kind that `prepare` generates. */
const NEEDED = [
  ...['auth/v1/auth_service.ts', 'envoy/service/auth/v3/external_auth.ts', 'web/auth/v1/auth_service_pb.js'],
  ...['descriptors.binpb', 'served.binpb', 'page/index.html'],
];

it('What is copied before `npm ci` is enough for `prepare`', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'auth-test-image-'));
  try {
    const [before = ''] = build.split(/^RUN npm ci/m);
    for (const file of copiedBy(before)) {
      cpSync(path.join(ROOT, file), path.join(directory, file), { recursive: true });
    }
    symlinkSync(path.join(ROOT, 'node_modules'), path.join(directory, 'node_modules'));
    execFileSync('npm', ['run', '--silent', 'prepare'], { cwd: directory, stdio: 'pipe' });
    expect(NEEDED.filter((file) => !existsSync(path.join(directory, 'src/gen', file)))).toEqual([]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  // Six programs in a row, on whatever machine.
}, 240_000);

it('Docker Compose has what Envoy and the certificates need, under the names that they have there', () => {
  const { services } = parse(read('docker-compose.yml')) as {
    services: Record<string, { environment?: Record<string, string>; volumes?: string[]; networks?: unknown }>;
  };
  const { envoy, auth } = services;
  const envoyFile = read('deploy/envoy/envoy.yaml');
  const [, variable = ''] = /%ENVIRONMENT\((\w+)\)%/.exec(envoyFile) ?? [];
  expect(Object.keys(envoy?.environment ?? {})).toEqual([variable]);
  const made = read('deploy/compose/make-env.sh');
  for (const name of read('docker-compose.yml').matchAll(/\$\{(\w+):\?/g)) expect(made).toContain(`${name[1]}=`);
  for (const [, file = ''] of envoyFile.matchAll(/filename: (\S+) /g)) {
    const [, target] = (envoy?.volumes ?? []).find((volume) => volume.includes('certificates'))?.split(':') ?? [];
    expect(path.dirname(file)).toBe(target);
    expect(made).toContain(`$certificates/${path.basename(file)}`);
  }
  // What the gateway believes is Envoy's own address, and the names are those that Envoy answers to.
  expect(envoy?.networks).toEqual({ default: { ipv4_address: auth?.environment?.['TRUSTED_PROXIES'] } });
  expect(envoyFile).toContain(new URL(auth?.environment?.['GATEWAY_URL'] ?? '').hostname);
  expect(dockerfile).toMatch(/^EXPOSE 50051 8080$/m);
});
