import { describe, expect, it } from 'vitest';
import { createPasswordPolicy } from '../../../src/passwords/policy.ts';

const check = createPasswordPolicy();

describe('The password policy', () => {
  it('takes 8 to 256 characters, counted as people count them', () => {
    for (const password of ['tr0ub4do', 'x1'.repeat(128), '🐎'.repeat(8), '🐎'.repeat(256)]) {
      expect(check(password, [])).toBeNull();
    }
    for (const password of ['', 'tr0ub4d', '🐎'.repeat(7)]) expect(check(password, [])).toMatch(/at least 8/);
    for (const password of ['x'.repeat(257), '🐎'.repeat(257)]) expect(check(password, [])).toMatch(/at most 256/);
  });

  it('counts a composed letter once, however it was typed', () => {
    const seven = 'é'.repeat(7);
    expect(check(seven.normalize('NFD'), [])).toMatch(/at least 8/);
    expect(check('é'.repeat(8).normalize('NFD'), [])).toBeNull();
  });

  it.each(['password', 'password1', '12345678', 'qwertyuiop', 'iloveyou', 'PASSWORD', 'PassWord1'])(
    'refuses %s, which everybody has',
    (password) => {
      expect(check(password, [])).toMatch(/common/);
    },
  );

  it("refuses the person's own names and addresses, whole and in any case", () => {
    const names = ['anna.smirnova', '+79991234567', 'Anna.Petrova@example.com'];
    for (const password of ['Anna.Smirnova', '+79991234567', 'anna.petrova@EXAMPLE.com', 'ANNA.PETROVA']) {
      expect(check(password, names)).toMatch(/your own/);
      expect(check(password, [])).toBeNull();
    }
    expect(check('anna.smirnova and more', names)).toBeNull();
  });

  it('asks for no kinds of characters', () => {
    for (const password of ['only lower case letters', 'ТОЛЬКО ПРОПИСНЫЕ', '  leading and trailing  ']) {
      expect(check(password, [])).toBeNull();
    }
  });
});
