import { describe, expect, inject, it } from 'vitest';
import { grpcurlLines, linesOf, runLine } from './grpcurl-lines.ts';
import { run } from './run.ts';

describe('The README', () => {
  it('shows grpcurl lines that work, one after the other, with the real grpcurl', async () => {
    const lines = await grpcurlLines('README.md');
    expect(lines.length).toBeGreaterThan(9);
    const tokens: Record<string, string> = {};
    const answers = new Map<string, string>();

    for (const line of lines) {
      const { code, stdout, stderr } = await runLine(line, tokens);
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

  it('shows curl lines for the gateway that work, with the account of the lines before', async () => {
    const [login = '', keys = '', verify = '', ...more] = await linesOf('README.md', 'curl');
    expect(more).toEqual([]);
    const { tokens } = JSON.parse((await runLine(login, {})).stdout) as { tokens: { accessToken: string } };
    expect(JSON.parse((await runLine(keys, {})).stdout)).toMatchObject({ keys: [{ use: 'sig' }] });
    const { stdout } = await runLine(verify, { ACCESS_TOKEN: tokens.accessToken });
    expect(stdout).toMatch(/^HTTP\/1.1 200 OK/);
    expect(stdout).toMatch(/^x-user-roles: customer\r$/m);
  });

  it('has errors that grpcurl shows in words', async () => {
    const method = 'auth.v1.AuthService/Login';
    const { stderr } = await run(inject('grpcurl'), ['-plaintext', '-d', '{"login":""}', inject('address'), method]);
    expect(stderr).toContain('"reason": "INVALID_REQUEST"');
    expect(stderr).toContain('"field": "password"');
  });
});
