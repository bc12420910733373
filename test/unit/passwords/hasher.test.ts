import bcrypt from 'bcrypt';
import { beforeAll, describe, expect, it } from 'vitest';
import { createPasswordHasher } from '../../../src/passwords/hasher.ts';
import type { PasswordHasher } from '../../../src/passwords/hasher.ts';

// The lowest cost there is: what is looked at here does not depend on it.
const COST = 4;

describe('The password hasher', () => {
  let hasher: PasswordHasher;
  beforeAll(async () => {
    hasher = await createPasswordHasher({ cost: COST, concurrency: 2, queueLimit: 100 });
  });

  it('makes hashes of its cost, with a salt of their own', async () => {
    const [first, second] = [await hasher.hash('a password'), await hasher.hash('a password')];
    expect(first).toMatch(/^\$2b\$04\$/);
    expect(first).not.toBe(second);
    for (const hash of [first, second]) expect(await hasher.verify('a password', hash)).toBe(true);
    expect(await hasher.verify('a passwore', first)).toBe(false);
  });

  it.each([72, 73, 100, 1000])('reads all of %i bytes', async (length) => {
    const password = 'x'.repeat(length);
    const hash = await hasher.hash(password);
    expect(await hasher.verify(password, hash)).toBe(true);
    for (const wrong of [`${'x'.repeat(length - 1)}y`, `${password}x`, password.slice(1), 'x'.repeat(72)]) {
      expect(await hasher.verify(wrong, hash)).toBe(wrong === password);
    }
  });

  it('counts those bytes in UTF-8', async () => {
    const hash = await hasher.hash(`${'ж'.repeat(36)}a`);
    expect(await hasher.verify(`${'ж'.repeat(36)}b`, hash)).toBe(false);
  });

  it('takes composed and decomposed letters for one', async () => {
    const composed = 'Ångström é ñ'.normalize('NFC');
    const decomposed = composed.normalize('NFD');
    expect(await hasher.verify(decomposed, await hasher.hash(composed))).toBe(true);
    expect(await hasher.verify(composed, await hasher.hash(decomposed))).toBe(true);
  });

  it('answers no without a hash, and at the same cost', async () => {
    const slow = await createPasswordHasher({ cost: 10, concurrency: 1, queueLimit: 10 });
    const hash = await slow.hash('a password');
    const computing = async (stored: string | null) => {
      const before = process.cpuUsage();
      expect(await slow.verify('not the password', stored)).toBe(false);
      return process.cpuUsage(before).user;
    };
    const withHash = Math.min(await computing(hash), await computing(hash));
    expect(await computing(null)).toBeGreaterThan(withHash * 0.7);
  });

  it('reads a long password as the systems that write $2a$ do, not as the first of them did by mistake', async () => {
    // libxcrypt's of 300 characters.
    const hash = '$2a$05$abcdefghijklmnopqrstuuLkMZtUsVwf9Ptg/wgiNv8ZhtnAHnix.';
    expect(await hasher.verify('0123456789'.repeat(30), hash)).toBe(true);
    expect(await hasher.verify('1234567890'.repeat(30), hash)).toBe(false);
  });

  it.each(['$2a$', '$2b$', '$2y$'])('verifies hashes of other systems: %s', async (prefix) => {
    const hash = prefix + (await bcrypt.hash('a password', COST)).slice(4);
    expect(await hasher.verify('a password', hash)).toBe(true);
    expect(await hasher.verify('another one', hash)).toBe(false);
    expect(hasher.isOutdated(hash, 'a password')).toBe(prefix !== '$2b$');
  });

  it('knows hashes that are cheaper than those of today, and leaves costlier ones', async () => {
    const costs = await Promise.all([4, 5, 6].map((cost) => bcrypt.hash('a password', cost)));
    const five = await createPasswordHasher({ cost: 5, concurrency: 1, queueLimit: 1 });
    expect(costs.map((hash) => five.isOutdated(hash, 'a password'))).toEqual([true, false, false]);
  });

  it('refuses work beyond its queue at once, and does the rest', async () => {
    const busy = await createPasswordHasher({ cost: 8, concurrency: 1, queueLimit: 3 });
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => busy.hash('a password')));
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    // One at work, three waiting.
    expect(refused).toHaveLength(6);
    for (const { reason } of refused)
      expect(reason).toMatchObject({ reason: 'OVERLOADED', details: { retryAfter: 1000 } });
    expect(await busy.verify('a password', await busy.hash('a password'))).toBe(true);
  });

  it('drops an abandoned call from the queue, which makes room', async () => {
    const busy = await createPasswordHasher({ cost: 8, concurrency: 1, queueLimit: 1 });
    const working = busy.hash('first');
    const left = new AbortController();
    const abandoned = busy.hash('second', left.signal);
    left.abort(new Error('the caller has gone'));
    await expect(abandoned).rejects.toThrow('the caller has gone');
    expect(await busy.hash('third')).toMatch(/^\$2b\$08\$/);
    expect(await working).toMatch(/^\$2b\$08\$/);
  });

  it('does not begin for a caller who has gone already', async () => {
    await expect(hasher.hash('a password', AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
  });

  describe('on a machine that others compute hashes on', () => {
    /** One slot, which a test holds or not. */
    async function setUp() {
      let isHeld = false;
      let taken = 0;
      const slots = {
        async take(signal?: AbortSignal) {
          while (isHeld) {
            signal?.throwIfAborted();
            await new Promise(setImmediate);
          }
          taken += 1;
          return () => void (taken -= 1);
        },
      };
      const shared = await createPasswordHasher({ cost: COST, concurrency: 1, queueLimit: 10, slots });
      return { ...shared, hold: (value: boolean) => (isHeld = value), taken: () => taken };
    }

    it('computes when it has a slot, and gives it back', async () => {
      const { hash, verify, hold, taken } = await setUp();
      hold(true);
      const hashing = hash('a password');
      const first = await Promise.race([hashing, new Promise((resolve) => setTimeout(resolve, 50, 'waits'))]);
      expect(first).toBe('waits');
      hold(false);
      expect(await verify('a password', await hashing)).toBe(true);
      await expect(verify('a password', '$2b$04$not a hash')).resolves.toBe(false);
      expect(taken()).toBe(0);
    });

    it('lets a caller go who waits for a slot no longer, and the next in', async () => {
      const { hash, hold, taken } = await setUp();
      hold(true);
      const left = new AbortController();
      const abandoned = hash('first', left.signal);
      const next = hash('second');
      left.abort(new Error('the caller has gone'));
      await expect(abandoned).rejects.toThrow('the caller has gone');
      hold(false);
      expect(await next).toMatch(/^\$2b\$04\$/);
      expect(taken()).toBe(0);
    });
  });
});
