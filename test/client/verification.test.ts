import { describe, expect, it } from 'vitest';
import { tokenProblem, tokenReason } from '../../src/client/verification.ts';
import { reasons } from '../../src/errors/reasons.ts';

const names = Object.keys(reasons).filter((name) => name.startsWith('TOKEN_'));

describe('What the client package calls a problem', () => {
  it('is every TOKEN_... reason of the catalogue, in the words of the catalogue', () => {
    expect(names.length).toBeGreaterThan(5);
    for (const name of names) {
      const reason = tokenReason(name);
      expect(reason && tokenProblem(reason).message).toBe(reasons[name as keyof typeof reasons].text);
    }
  });

  it('is nothing else', () => {
    expect(['INTERNAL', '', 'toString'].map(tokenReason)).toEqual([null, null, null]);
  });
});
