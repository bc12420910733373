import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { mustRun } from './run.ts';
import { startServiceProcess } from './service-process.ts';

/** A service of another team that has a JWT library of its language and the address of our keys. */
type Verifier = { readonly name: string; readonly command: readonly string[] };

describe('With /.well-known/jwks.json alone', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'auth-interop-verify-'));
  const verifiers: Verifier[] = [
    { name: 'PyJWT', command: [inject('python').executable, 'test/interop/verify.py'] },
    { name: 'jwx of Go', command: [path.join(directory, 'verify')] },
  ];
  beforeAll(() => mustRun('go', ['build', '-C', 'test/interop/verify', '-o', path.join(directory, 'verify'), '.']));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  async function register(gatewayUrl: string): Promise<{ userId: string; accessToken: string }> {
    const person = {
      secondLogin: `verified-${randomUUID().slice(0, 8)}`,
      phone: `+79${String(Math.floor(Math.random() * 1e9)).padStart(9, '0')}`,
      password: 'correct horse battery',
      interface: 'customer',
    };
    const answer = await fetch(`${gatewayUrl}/auth.v1.AuthService/Register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(person),
    });
    const { userId, tokens } = (await answer.json()) as { userId: string; tokens: { accessToken: string } };
    return { userId, accessToken: tokens.accessToken };
  }

  it.each(['EdDSA', 'ES256', 'RS256'])(
    'two libraries that do not know each other verify tokens signed with %s, and refuse what is not ours',
    async (algorithm) => {
      const ours = { SIGNING_ALGORITHM: algorithm, ACCESS_TOKEN_LIFETIME: '10s' };
      const [service, stranger] = await Promise.all([startServiceProcess(ours), startServiceProcess(ours)]);
      try {
        const found = await fetch(`${service.gatewayUrl}/.well-known/openid-configuration`);
        const configuration = (await found.json()) as Record<'issuer' | 'jwks_uri', string>;
        expect(configuration).toMatchObject({ id_token_signing_alg_values_supported: [algorithm] });
        const early = await register(service.gatewayUrl);
        const foreign = await register(stranger.gatewayUrl);
        await delay(11_000);
        const late = await register(service.gatewayUrl);

        const [head, body, signature = ''] = late.accessToken.split('.');
        const flipped = signature.startsWith('A') ? `B${signature.slice(1)}` : `A${signature.slice(1)}`;
        const elsewhere = Buffer.from(JSON.stringify({ alg: 'none', typ: 'at+jwt' })).toString('base64url');
        const tokens = [
          late.accessToken,
          `${head}.${body}.${flipped}`,
          `${elsewhere}.${body}.`,
          foreign.accessToken,
          early.accessToken,
        ];
        for (const { name, command } of verifiers) {
          const [program = '', ...args] = command;
          const said = execFileSync(program, [...args, configuration.jwks_uri, configuration.issuer, 'internal'], {
            input: `${tokens.join('\n')}\n`,
            encoding: 'utf8',
          });
          expect([name, ...said.trim().split('\n')]).toEqual([name, late.userId, ...Array(4).fill('refused')]);
        }
      } finally {
        await Promise.all([service.stop(), stranger.stop()]);
      }
    },
  );
});
