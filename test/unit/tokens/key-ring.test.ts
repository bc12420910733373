import { describe, expect, it } from 'vitest';
import type { StoredSigningKey } from '../../../src/db/auth-functions.ts';
import { createKeyCipher } from '../../../src/tokens/key-cipher.ts';
import { createKeyRing } from '../../../src/tokens/key-ring.ts';
import { generateSigningKey } from '../../../src/tokens/signing-key.ts';

const cipher = createKeyCipher(Buffer.alloc(32, 1));

async function storedKey(activeFrom: number, retiredAt: number | null): Promise<StoredSigningKey> {
  const { kid, algorithm, publicJwk, privateJwk } = await generateSigningKey('EdDSA');
  return {
    kid,
    algorithm,
    publicJwk: publicJwk as unknown as Record<string, string>,
    encryptedPrivateKey: cipher.seal(Buffer.from(JSON.stringify(privateJwk)), kid),
    createdAt: new Date(0),
    activeFrom: new Date(activeFrom),
    retiredAt: retiredAt === null ? null : new Date(retiredAt),
  };
}

describe('The key ring', () => {
  it('signs with the key that became active last, lists those to come, and forgets the retired', async () => {
    const [old, current, next] = await Promise.all([storedKey(0, 500), storedKey(100, 2000), storedKey(1000, null)]);
    let now = 200;
    const ring = createKeyRing({
      auth: { listSigningKeys: async () => [next, current, old] },
      cipher,
      clock: { now: () => now },
    });
    expect(() => ring.current()).toThrow('no active signing key');
    await ring.load();
    const kids = () => ring.list().map(({ kid }) => kid);
    expect(ring.current().kid).toBe(current.kid);
    expect(kids()).toEqual([next.kid, current.kid, old.kid]);
    expect(ring.find(old.kid)?.kid).toBe(old.kid);

    now = 500;
    expect(ring.find(old.kid)).toBeUndefined();
    expect(kids()).toEqual([next.kid, current.kid]);
    now = 999;
    expect(ring.current().kid).toBe(current.kid);
    now = 1000;
    expect(ring.current().kid).toBe(next.kid);
    now = 2000;
    expect(kids()).toEqual([next.kid]);
  });

  it('takes over new times of a key that it knows', async () => {
    const key = await storedKey(0, null);
    let stored = [key];
    const ring = createKeyRing({ auth: { listSigningKeys: async () => stored }, cipher, clock: { now: () => 100 } });
    await ring.load();
    expect(ring.find(key.kid)).toBeDefined();
    stored = [{ ...key, retiredAt: new Date(50) }];
    await ring.load();
    expect(ring.find(key.kid)).toBeUndefined();
  });

  it('does not take in a key that was sealed under another master key', async () => {
    const key = await storedKey(0, null);
    const other = createKeyCipher(Buffer.alloc(32, 2));
    const ring = createKeyRing({
      auth: { listSigningKeys: async () => [key] },
      cipher: other,
      clock: { now: () => 1 },
    });
    await expect(ring.load()).rejects.toThrow();
  });
});
