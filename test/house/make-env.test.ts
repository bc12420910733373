import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ROOT } from './source-files.ts';

type Caller = { readonly name: string; readonly secretSha256: string; readonly methods?: readonly string[] };

describe('deploy/compose/make-env.sh', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'auth-test-env-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const run = () => spawnSync(path.join(ROOT, 'deploy/compose/make-env.sh'), { cwd: folder, encoding: 'utf8' });
  const env = () => readFileSync(path.join(folder, '.env'), 'utf8');
  const hasCertificate = () => existsSync(path.join(folder, 'deploy/compose/certificates/edge.pem'));
  const isEnvoyWith = ({ name, secretSha256, methods }: Caller, credential = '') => {
    expect([name, methods]).toEqual(['envoy', ['envoy.service.auth.v3.Authorization/Check']]);
    expect(`envoy:${secretSha256}`).toBe(credential.replace(/[^:]+$/, (secret) => sha256(secret)));
  };

  it('makes what is needed, once', () => {
    expect(run().status).toBe(0);
    const { SERVICE_CALLERS = '', ENVOY_CREDENTIAL } = parseEnv(env());
    const [, envoy] = JSON.parse(SERVICE_CALLERS) as Caller[];
    isEnvoyWith(envoy as Caller, ENVOY_CREDENTIAL);
    expect(hasCertificate()).toBe(true);

    const made = env();
    const { status, stderr } = run();
    expect([status, env()]).toEqual([1, made]);
    expect(stderr).toMatch(/^\.env is there already;.*\n$/);
  });

  it('says what an .env of a version without Envoy lacks, and leaves it as it is', () => {
    writeFileSync(path.join(folder, '.env'), 'SERVICE_CALLERS=[]\n');
    const { status, stderr } = run();
    expect([status, env()]).toEqual([1, 'SERVICE_CALLERS=[]\n']);
    const [, credential] = /ENVOY_CREDENTIAL=(\S+)$/m.exec(stderr) ?? [];
    const [, caller = ''] = /SERVICE_CALLERS in it: +(\{.*\})$/m.exec(stderr) ?? [];
    isEnvoyWith(JSON.parse(caller) as Caller, credential);
    expect(hasCertificate()).toBe(true);
  });
});

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
