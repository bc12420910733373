import { describe, expect, it } from 'vitest';
import { maskContact } from '../../../src/users/mask-contact.ts';

describe('A masked contact', () => {
  it.each([
    ['email', 'ada@example.com', 'a***@example.com'],
    ['email', 'a@example.com', 'a***@example.com'],
    ['email', 'a.very.long.name+tag@mail.example.com', 'a***@mail.example.com'],
    ['phone', '+79991234512', '+79*****12'],
    ['phone', '+4912345678901', '+49*****01'],
    ['telegram', '@ada_lovelace', '@***'],
    ['telegram', '\u{1F600}smile', '\u{1F600}***'],
  ])('of the type %s: %s is shown as %s', (type, value, shown) => {
    expect(maskContact({ type, value })).toBe(shown);
  });

  it('says nothing of how long it is', () => {
    const shown = ['ada@example.com', 'adalovelace@example.com'].map((value) => maskContact({ type: 'email', value }));
    expect(new Set(shown).size).toBe(1);
  });
});
