import { describe, expect, it } from 'vitest';
import { createKeyCipher } from '../../../src/tokens/key-cipher.ts';
import { deriveSubkey } from '../../../src/tokens/subkey.ts';

const cipher = createKeyCipher(Buffer.alloc(32, 1));
const secret = Buffer.from('{"d":"private"}');

describe('A sealed key', () => {
  it('opens under its id, and is sealed differently each time', () => {
    const sealed = cipher.seal(secret, 'kid');
    expect(cipher.open(sealed, 'kid')).toEqual(secret);
    expect(sealed.includes('private')).toBe(false);
    expect(cipher.seal(secret, 'kid')).not.toEqual(sealed);
  });

  it('does not open under another id, another key, or with any byte changed', () => {
    const sealed = cipher.seal(secret, 'kid');
    expect(() => cipher.open(sealed, 'other')).toThrow();
    expect(() => createKeyCipher(Buffer.alloc(32, 2)).open(sealed, 'kid')).toThrow();
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Buffer.from(sealed);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      expect(() => cipher.open(changed, 'kid'), `byte ${at}`).toThrow();
    }
    for (const length of [0, 11, 12, 27, sealed.length - 1]) {
      expect(() => cipher.open(sealed.subarray(0, length), 'kid'), `${length} bytes`).toThrow();
    }
  });
});

describe('A subkey', () => {
  it('is another one for every purpose and every master key, and always the same', () => {
    const purposes = ['signing-key-encryption', 'refresh-token', 'refresh-token-salt', 'registration-digest'] as const;
    const masters = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
    const all = masters.flatMap((master) => purposes.map((purpose) => deriveSubkey(master, purpose).toString('hex')));
    expect(new Set(all).size).toBe(8);
    for (const key of all) expect(key).toHaveLength(64);
    expect(deriveSubkey(Buffer.alloc(32, 1), 'refresh-token').toString('hex')).toBe(all[1]);
  });
});
