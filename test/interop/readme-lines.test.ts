import { readFile } from 'node:fs/promises';
import { describe, expect, inject, it } from 'vitest';
import { run } from './run.ts';

/** The README's grpcurl lines, in the order in which it tells people to type them. */
async function grpcurlLines(): Promise<string[]> {
  const text = await readFile('README.md', 'utf8');
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block);
  return blocks.flatMap((block) => block.split('\n')).filter((line) => line.startsWith('grpcurl '));
}

describe('The README', () => {
  it('shows grpcurl lines that work, one after the other, with the real grpcurl', async () => {
    const lines = await grpcurlLines();
    expect(lines.length).toBeGreaterThan(9);
    const tokens: Record<string, string> = {};
    const answers = new Map<string, string>();

    for (const line of lines) {
      // The shell expands $ACCESS_TOKEN and takes the quotes away, as it would for the reader.
      const command = line
        .replace(/^grpcurl/, `'${inject('grpcurl')}'`)
        .replaceAll('127.0.0.1:50051', inject('address'));
      const { code, stdout, stderr } = await run('bash', ['-c', command], tokens);
      expect(`${line}\n${stderr}`).toBe(`${line}\n`);
      expect(code).toBe(0);
      const [, accessToken] = /"accessToken": "([^"]+)"/.exec(stdout) ?? [];
      const [, refreshToken] = /"refreshToken": "([^"]+)"/.exec(stdout) ?? [];
      if (accessToken) tokens['ACCESS_TOKEN'] = accessToken;
      if (refreshToken) tokens['REFRESH_TOKEN'] = refreshToken;
      const method = line.split('/').at(-1) ?? line;
      answers.set(`${method} ${[...answers.keys()].filter((key) => key.startsWith(method)).length + 1}`, stdout);
    }

    expect(answers.get('Check 1')).toContain('SERVING');
    expect(answers.get('CheckAvailability 1')).toContain('"available": true');
    expect(answers.get('Register 1')).toContain('"customer"');
    expect(answers.get('ValidateToken 1')).toContain('"principal"');
    expect(answers.get('Refresh 1')).toContain('REFRESH_OUTCOME_ROTATED');
    // The second login's session and the registration's.
    expect(answers.get('Logout 1')).toContain('"endedSessions": 2');
    expect(answers.get('ValidateToken 2')).toContain('ERROR_REASON_TOKEN_REVOKED');
    expect(answers.get('GetJwks 1')).toContain('"kid"');
  });

  it('has errors that grpcurl shows in words', async () => {
    const method = 'auth.v1.AuthService/Login';
    const { stderr } = await run(inject('grpcurl'), ['-plaintext', '-d', '{"login":""}', inject('address'), method]);
    expect(stderr).toContain('"reason": "INVALID_REQUEST"');
    expect(stderr).toContain('"field": "password"');
  });
});
