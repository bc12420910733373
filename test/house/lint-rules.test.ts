import { ESLint } from 'eslint';
import { beforeAll, describe, expect, it } from 'vitest';

/** Each rule of the house in eslint.config.js, and what it must not let pass. */
const VIOLATIONS: readonly [rule: string, name: string, text: string][] = [
  ['no-restricted-syntax', 'the environment read outside of config', 'export const home = process.env["HOME"];'],
  ['no-restricted-syntax', 'a class', 'export class Logout { readonly scope = 1; }'],
  ['no-restricted-syntax', 'a class expression', 'export const Logout = class { readonly scope = 1; };'],
  ['no-restricted-syntax', 'a class that extends no error', 'export class Ids extends Map<string, string> {}'],
  ['no-restricted-syntax', 'a default export', 'export default function logout() { return 1; }'],
  ['no-restricted-syntax', 'a default export by name', 'const logout = 1;\nexport { logout as default };'],
  ['no-restricted-syntax', 'an enum', 'export enum Scope { This, All }'],
  ['no-restricted-syntax', 'a namespace', 'export namespace scopes { export const all = 1; }'],
  ['no-restricted-syntax', 'a barrel', 'export * from "./refresh.ts";'],
  [
    'no-restricted-imports',
    'the environment by its module',
    'import { env } from "node:process";\nexport const home = env;',
  ],
  ['no-console', 'console', 'console.log("signed in");'],
  ['house/no-module-state', 'let at module level', 'let count = 0;\nexport const next = () => (count += 1);'],
  ['house/no-module-state', 'an exported let', 'export let count = 0;\ncount += 1;'],
  [
    'house/no-module-state',
    'a filled map',
    'const seen = new Map<string, 1>();\nexport const see = (id: string) => seen.set(id, 1);',
  ],
  [
    'house/no-module-state',
    'a filled set',
    'const seen = new Set<string>();\nexport function see(id: string) { seen.add(id); }',
  ],
  [
    'house/no-module-state',
    'a pushed array',
    'const seen: string[] = [];\nexport const see = (id: string) => seen.push(id);',
  ],
  [
    'house/no-module-state',
    'an object written to',
    'const last = { id: "" };\nexport const see = (id: string) => { last.id = id; };',
  ],
  [
    'house/no-module-state',
    'an object assigned to',
    'const last = {};\nexport const see = (id: string) => Object.assign(last, { id });',
  ],
  [
    'house/no-module-state',
    'an array within',
    'const all = { ids: [""] };\nexport const see = (id: string) => all.ids.push(id);',
  ],
  [
    '@typescript-eslint/no-floating-promises',
    'a forgotten promise',
    'export function end(work: () => Promise<void>) { work(); }',
  ],
  [
    '@typescript-eslint/no-misused-promises',
    'a promise as a condition',
    'export const is = (work: () => Promise<boolean>) => (work() ? 1 : 2);',
  ],
  ['@typescript-eslint/no-explicit-any', 'any', 'export const parse = (text: any): unknown => text;'],
  [
    '@typescript-eslint/no-unsafe-return',
    'any that comes from JSON',
    'export const parse = (text: string): { id: string } => JSON.parse(text);',
  ],
  [
    '@typescript-eslint/no-unnecessary-condition',
    'a guard that can never fire',
    'export const of = (id: string) => id ?? "none";',
  ],
  ['@typescript-eslint/only-throw-error', 'a thrown text', 'export function end(): never { throw "ended"; }'],
  [
    '@typescript-eslint/switch-exhaustiveness-check',
    'a forgotten case',
    'export function of(s: "a" | "b") { switch (s) { case "a": return 1; } return 2; }',
  ],
  ['@typescript-eslint/no-unused-vars', 'a dead name', 'const dead = 1;\nexport const live = 2;'],
  ['eqeqeq', 'loose equality', 'export const same = (a: string, b: string) => a == b;'],
];

const HARMLESS: readonly [file: string, name: string, text: string][] = [
  ['src/auth/logout.ts', 'an error', 'export class LogoutError extends Error {}'],
  [
    'src/auth/logout.ts',
    'a table that is only read',
    'const KNOWN = new Set(["a"]);\nexport const isKnown = (id: string) => KNOWN.has(id);',
  ],
  [
    'src/auth/logout.ts',
    'state in a closure',
    'export function createCount() { let count = 0; return () => (count += 1); }',
  ],
  ['src/config/environment.ts', 'config that reads the environment', 'export const home = process.env["HOME"];'],
  ['src/main.ts', 'a command that talks', 'console.log("serving");'],
];

describe('ESLint', () => {
  let eslint: ESLint;
  beforeAll(() => {
    eslint = new ESLint({ cwd: new URL('../../', import.meta.url).pathname });
  });
  /** The rules that a text breaks, were it the text of that file. */
  const broken = async (text: string, filePath: string) => {
    const [result] = await eslint.lintText(text, { filePath });
    const problems = result?.messages ?? [];
    expect(problems.filter(({ fatal }) => fatal)).toEqual([]);
    return problems.map(({ ruleId }) => ruleId);
  };

  it.each(VIOLATIONS)('reports by %s: %s', async (rule, _name, text) => {
    expect(await broken(text, 'src/auth/logout.ts')).toContain(rule);
  });

  it.each([
    ['house/no-module-state', 'let count = 0;\nexport const Count = () => <p>{(count += 1)}</p>;'],
    ['no-restricted-syntax', 'export default function Count() { return <p />; }'],
    [
      '@typescript-eslint/no-floating-promises',
      'export const end = (work: () => Promise<void>) => { work(); return <p />; };',
    ],
  ])('reports in the page, too, by %s', async (rule, text) => {
    expect(await broken(text, 'src/web/app.tsx')).toContain(rule);
  });

  it.each(HARMLESS)('leaves alone in %s: %s', async (file, _name, text) => {
    expect(await broken(text, file)).toEqual([]);
  });

  it.each(['it.skip', 'it.only', 'it.todo', 'describe.skip', 'describe.only', 'it.skipIf(true)'])(
    'reports %s in a test',
    async (call) => {
      const text = `import { describe, it } from "vitest";\n${call}("says something", () => { describe; it; });`;
      expect(await broken(text, 'test/rpc/auth/logout.test.ts')).toContain('no-restricted-syntax');
    },
  );

  it('says so when a rule is switched off for nothing', async () => {
    const text = '// eslint-disable-next-line no-console\nexport const one = 1;';
    expect(await broken(text, 'src/auth/logout.ts')).toEqual([null]);
  });
});
