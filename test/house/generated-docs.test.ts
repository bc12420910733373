import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { settings } from '../../src/config/settings.ts';
import { ROOT } from './source-files.ts';

function generate(root: string, ...options: string[]) {
  const script = path.join(root, 'docs/generate.ts');
  const args = ['--disable-warning=ExperimentalWarning', script, ...options];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe('Generated documents', () => {
  it('are fresh', () => {
    expect(generate(ROOT, '--check')).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  it.each(['docs/settings.md', '.env.example'])('%s names every setting', (file) => {
    const text = readFileSync(path.join(ROOT, file), 'utf8');
    expect(Object.keys(settings).filter((name) => !new RegExp(`\\b${name}\\b`).test(text))).toEqual([]);
  });
});

describe('The check of generated documents', () => {
  let copy: string;
  beforeEach(() => {
    copy = mkdtempSync(path.join(tmpdir(), 'auth-docs-'));
    for (const part of ['docs', 'src', 'proto', 'sql', 'package.json', 'buf.yaml', '.env.example']) {
      cpSync(path.join(ROOT, part), path.join(copy, part), { recursive: true });
    }
    symlinkSync(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'));
  });
  afterEach(() => rmSync(copy, { recursive: true }));

  it('finds what is out of date, and the generator mends it', () => {
    writeFileSync(path.join(copy, '.env.example'), '# old\n');
    writeFileSync(
      path.join(copy, 'README.md'),
      '# Ours\n<!-- generated:services -->\nold\n<!-- /generated -->\nand on\n',
    );
    const { status, stdout } = generate(copy, '--check');
    expect(status).toBe(1);
    expect(stdout.trim().split('\n')).toEqual([
      '.env.example is out of date; run: npm run docs',
      'README.md is out of date; run: npm run docs',
    ]);

    expect(generate(copy).status).toBe(0);
    expect(generate(copy, '--check').status).toBe(0);
    const readme = readFileSync(path.join(copy, 'README.md'), 'utf8');
    expect(readme).toMatch(/^# Ours\n<!-- generated:services -->\n\n\| service .*\n<!-- \/generated -->\nand on\n$/s);
  });

  it('sees a change of a proto comment before anything is generated from it', () => {
    const file = path.join(copy, 'proto/auth/v1/keys_service.proto');
    writeFileSync(file, readFileSync(file, 'utf8').replace('Reasons: RATE_LIMITED', 'Reasons: RATE_LIMITED, INTERNAL'));
    expect(generate(copy, '--check')).toMatchObject({ status: 1, stdout: expect.stringContaining('docs/rpcs.md') });
  });

  it.each([
    ['a trigger that ends more', 'sql/migrations/0004_ways_in.sql', `('logout_this', 'this'`, `('logout_this', 'all'`],
    [
      'a notice that is sent no more',
      'sql/functions/accounts/reset_password.sql',
      'auth.enqueue_notice(',
      'auth.forget(',
    ],
    ['a role that gives one more', 'sql/seed/0001_roles.sql', `('firm_head', 'order_desk')`, `('firm_head', 'driver')`],
    ['a role that ranks higher', 'sql/seed/0001_roles.sql', `'Support', 60`, `'Support', 90`],
    [
      'a role that permits more',
      'sql/seed/0002_permissions.sql',
      `('manager', 'auth.audit.read')`,
      `('support', 'auth.audit.read')`,
    ],
    [
      'a call that needs another permission',
      'proto/auth/v1/audit_service.proto',
      'permission: "auth.audit.read"',
      'permission: "auth.messages.read"',
    ],
  ])('sees %s', (_what, name, from, to) => {
    const file = path.join(copy, name);
    const text = readFileSync(file, 'utf8');
    expect(text).toContain(from);
    writeFileSync(file, text.replace(from, to));
    expect(generate(copy, '--check')).toMatchObject({
      status: 1,
      stdout: expect.stringContaining(
        /migrations|functions/.test(name) ? 'docs/revocation.md' : 'docs/authorization.md',
      ),
    });
  });
});
