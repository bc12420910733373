import { describe, expect, inject, it } from 'vitest';
import { run } from './run.ts';

describe('A Python client generated from proto/', () => {
  it('registers, validates, refreshes, logs out, and reads reasons and health', async () => {
    const { executable, path } = inject('python');
    const { code, stdout, stderr } = await run(executable, ['test/interop/client.py', inject('address')], {
      PYTHONPATH: path,
    });
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n')).toEqual([
      'health SERVING',
      'registered customer',
      'again ALREADY_EXISTS REGISTER_USER_ALREADY_EXISTS second_login',
      'validated principal',
      'refreshed ROTATED',
      'logged out 1',
      'validated TOKEN_REVOKED',
    ]);
    expect(code).toBe(0);
  });
});
