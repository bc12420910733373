import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { builtinModules, createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Builds the package that other services install: `auth-service/client`, and the generated clients as `auth-service/gen/...`.
 * Node strips types from our own sources but not from what is installed, so this one is compiled.
 *
 *   npm run build:client [-- <folder>]      default: dist
 */
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const out = path.resolve(process.argv[2] ?? path.join(ROOT, 'dist'));

/** The contracts that callers make clients of. */
const GENERATED = /^gen\/(auth|accounts)\/v1\//;
const FACE = 'client/client';

type Manifest = {
  readonly version: string;
  readonly license: string;
  readonly engines: object;
  readonly dependencies: Readonly<Record<string, string>>;
};
const manifest = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as Manifest;

function compile(): void {
  const generated = sourcesUnder('gen').filter((file) => GENERATED.test(file));
  const files = [`${FACE}.ts`, ...generated].map((file) => path.join(ROOT, 'src', file));
  const config = path.join(out, 'tsconfig.json');
  mkdirSync(out, { recursive: true });
  writeFileSync(
    config,
    JSON.stringify({
      extends: path.join(ROOT, 'tsconfig.client.json'),
      compilerOptions: {
        rootDir: path.join(ROOT, 'src'),
        outDir: out,
        typeRoots: [path.join(ROOT, 'node_modules/@types')],
      },
      files,
    }),
  );
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', config], { encoding: 'utf8' });
  rmSync(config);
  if (status !== 0) throw new Error(`The client does not compile.\n${stdout}`);
}

const sourcesUnder = (folder: string) =>
  readdirSync(path.join(ROOT, 'src', folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => path.posix.join(folder, name.split(path.sep).join('/')));

/** What a compiled file imports, as it is written. */
function importsOf(file: string): string[] {
  const text = readFileSync(path.join(out, file), 'utf8');
  return [...text.matchAll(/(?:\bfrom|^import|\bimport\()\s*['"]([^'"]+)['"]/gm)].map(([, name = '']) => name);
}

/** All files that these reach, and the packages that they need. */
function reach(entries: readonly string[]): { files: ReadonlySet<string>; packages: ReadonlySet<string> } {
  const files = new Set<string>(entries);
  const packages = new Set<string>();
  for (const file of files) {
    for (const name of importsOf(file)) {
      if (name.startsWith('.')) {
        const target = path.posix.join(path.posix.dirname(file), name);
        files.add(file.endsWith('.d.ts') ? target.replace(/\.js$|\.ts$/, '.d.ts') : target);
      } else if (!name.startsWith('node:') && !builtinModules.includes(name)) {
        packages.add(/^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name);
      }
    }
  }
  return { files, packages };
}

/** Types of the service that the compiler wrote out on its way, and that nobody can come to, are left behind. */
function prune(): ReadonlySet<string> {
  const compiled = readdirSync(out, { recursive: true, encoding: 'utf8' }).map((name) =>
    name.split(path.sep).join('/'),
  );
  const isEntry = (file: string) => GENERATED.test(file) || file.startsWith(`${FACE}.`);
  const code = reach(compiled.filter((file) => file.endsWith('.js') && isEntry(file)));
  const types = reach(compiled.filter((file) => file.endsWith('.d.ts') && isEntry(file)));
  for (const file of compiled) {
    if (/\.(js|d\.ts)$/.test(file) && !code.files.has(file) && !types.files.has(file)) rmSync(path.join(out, file));
  }
  for (const folder of readdirSync(out, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
    const within = path.join(out, folder.name);
    const isEmpty = readdirSync(within, { recursive: true, withFileTypes: true }).every((entry) => entry.isDirectory());
    if (isEmpty) rmSync(within, { recursive: true });
  }
  return new Set([...code.packages, ...types.packages]);
}

function describe(packages: ReadonlySet<string>): void {
  const dependencies: Record<string, string> = {};
  for (const name of [...packages].sort()) {
    const version = manifest.dependencies[name];
    if (version === undefined) throw new Error(`The client needs ${name}, which package.json does not depend on.`);
    dependencies[name] = version;
  }
  const described = {
    name: 'auth-service',
    version: manifest.version,
    description: 'Verifies access tokens of the auth service where they are used, and calls it.',
    license: manifest.license,
    type: 'module',
    engines: { node: '>=22' },
    exports: {
      './client': { types: `./${FACE}.d.ts`, default: `./${FACE}.js` },
      './gen/*': { types: './gen/*.d.ts', default: './gen/*.js' },
    },
    dependencies,
  };
  writeFileSync(path.join(out, 'package.json'), `${JSON.stringify(described, null, 2)}\n`);
  cpSync(path.join(ROOT, 'docs/client.md'), path.join(out, 'README.md'));
  // What it links to.
  for (const page of ['rpcs.md', 'callers.md', 'error-reasons.md'])
    cpSync(path.join(ROOT, 'docs', page), path.join(out, page));
}

rmSync(out, { recursive: true, force: true });
compile();
describe(prune());
