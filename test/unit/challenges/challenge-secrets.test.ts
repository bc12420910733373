import { createHash, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createChallengeSecrets } from '../../../src/challenges/challenge-secrets.ts';

const keys = { secret: Buffer.alloc(32, 1), codeHash: Buffer.alloc(32, 2) };
const secrets = createChallengeSecrets(keys);
const PURPOSES = ['registration', 'code_login', 'contact_confirmation', 'password_reset'] as const;

const ids = fc.uuid();
const purposes = fc.constantFrom(...PURPOSES);
const codes = fc.nat(999_999).map((code) => String(code).padStart(6, '0'));
/** Keys of somebody else: another key in one of the two places. */
const otherSecret = createChallengeSecrets({ ...keys, secret: Buffer.alloc(32, 3) });
const otherHash = createChallengeSecrets({ ...keys, codeHash: Buffer.alloc(32, 3) });

describe('A code', () => {
  it('is 6 digits, the same for the same challenge', () => {
    fc.assert(
      fc.property(ids, (id) => {
        expect(secrets.code(id)).toMatch(/^[0-9]{6}$/);
        expect(secrets.code(id)).toBe(secrets.code(id));
      }),
      { numRuns: 1000 },
    );
  });

  it('is any of a million, each digit in each place as likely as the others', () => {
    // Fixed ids, so that the test says the same every time: 20 000 codes, 2000 of each digit in each place (deviation 42).
    const counts = Array.from({ length: 6 }, () => Array<number>(10).fill(0));
    const all = new Set<string>();
    for (let n = 0; n < 20_000; n += 1) {
      const code = secrets.code(idOf(n));
      all.add(code);
      for (const [place, digit] of [...code].entries()) counts[place]![Number(digit)]! += 1;
    }
    for (const place of counts) {
      for (const count of place) {
        expect(count).toBeGreaterThan(1800);
        expect(count).toBeLessThan(2200);
      }
    }
    // Of 20 000 drawn from a million, some 200 are drawn twice.
    expect(all.size).toBeGreaterThan(19_600);
  });

  it('follows from the key, and from the whole id', () => {
    const differs = (other: (n: number) => string) =>
      Array.from({ length: 1000 }, (_, n) => secrets.code(idOf(n)) !== other(n)).filter(Boolean).length;
    expect(differs((n) => otherSecret.code(idOf(n)))).toBeGreaterThan(990);
    expect(differs((n) => secrets.code(idOf(n).replace(/.$/, 'f')))).toBeGreaterThan(900);
    expect(differs((n) => secrets.code(idOf(n).replace(/^./, 'f')))).toBeGreaterThan(990);
  });

  it('has a hash that is bound to its challenge, to itself and to the key', () => {
    fc.assert(
      fc.property(ids, ids, codes, codes, (id, otherId, code, otherCode) => {
        const hash = secrets.hashCode(id, code);
        expect(hash).toMatch(/^[0-9a-f]{64}$/);
        expect(secrets.hashCode(id, code)).toBe(hash);
        if (otherId !== id) expect(secrets.hashCode(otherId, code)).not.toBe(hash);
        if (otherCode !== code) expect(secrets.hashCode(id, otherCode)).not.toBe(hash);
        expect(otherHash.hashCode(id, code)).not.toBe(hash);
      }),
      { numRuns: 1000 },
    );
  });

  it('is not found by who has the database and no key: its hash is no plain one', () => {
    const id = randomUUID();
    const code = secrets.code(id);
    const plain = [code, id + code, code + id, `${id}/${code}`, `${id}:${code}`, `code/${id}/${code}`].map((text) =>
      createHash('sha256').update(text).digest('hex'),
    );
    expect(plain).not.toContain(secrets.hashCode(id, code));
  });
});

describe('The token of a link', () => {
  it('is read as the challenge that it was made for', () => {
    fc.assert(
      fc.property(ids, purposes, (id, purpose) => {
        const token = secrets.linkToken(id, purpose);
        expect(token).toMatch(/^[A-Za-z0-9_-]{64}$/);
        expect(secrets.readLinkToken(token, purpose)).toEqual({ id, secretHash: secrets.hashLinkToken(token) });
      }),
      { numRuns: 500 },
    );
  });

  it('is never read for another purpose', () => {
    fc.assert(
      fc.property(ids, purposes, fc.oneof(purposes, fc.string()), (id, purpose, other) => {
        fc.pre(other !== purpose);
        expect(secrets.readLinkToken(secrets.linkToken(id, purpose), other)).toBeNull();
      }),
      { numRuns: 1000 },
    );
  });

  it('is never read when any character of it has changed', () => {
    const alphabet = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');
    const [id, purpose] = ['0190a6b2-3c4d-7e8f-9a0b-1c2d3e4f5a6b', 'password_reset'];
    const token = secrets.linkToken(id, purpose);
    let changed = 0;
    for (const [place, character] of [...token].entries()) {
      for (const other of alphabet) {
        if (other === character) continue;
        changed += 1;
        expect(secrets.readLinkToken(token.slice(0, place) + other + token.slice(place + 1), purpose)).toBeNull();
      }
    }
    expect(changed).toBe(64 * 63);
  });

  it('is known by its one text: any edit, and any other text, is refused', () => {
    const [id, purpose] = [randomUUID(), 'registration'];
    const token = secrets.linkToken(id, purpose);
    const edits = fc.record({ at: fc.nat(token.length), remove: fc.nat(3), insert: fc.string({ maxLength: 3 }) });
    const edited = edits.map(({ at, remove, insert }) => token.slice(0, at) + insert + token.slice(at + remove));
    const texts = fc.oneof(
      edited,
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.constantFrom(`${token}=`, ` ${token}`, `${token}\n`, token.toUpperCase(), token + token, token.slice(1), ''),
    );
    fc.assert(
      fc.property(texts, (text) => {
        if (text !== token) expect(secrets.readLinkToken(text, purpose)).toBeNull();
      }),
      { numRuns: 3000 },
    );
  });

  it('is not that of another key, and not a code of its challenge', () => {
    fc.assert(
      fc.property(ids, purposes, (id, purpose) => {
        expect(secrets.readLinkToken(otherSecret.linkToken(id, purpose), purpose)).toBeNull();
        expect(secrets.readLinkToken(secrets.code(id), purpose)).toBeNull();
        // The id alone, which is in the queue of messages, gives no token.
        const idBytes = Buffer.from(id.replaceAll('-', ''), 'hex');
        const forged = Buffer.concat([idBytes, Buffer.alloc(32)]).toString('base64url');
        expect(secrets.readLinkToken(forged, purpose)).toBeNull();
      }),
      { numRuns: 500 },
    );
  });

  it('cannot be put together from two', () => {
    fc.assert(
      fc.property(ids, ids, purposes, fc.integer({ min: 1, max: 63 }), (one, other, purpose, cut) => {
        fc.pre(one !== other);
        const [first, second] = [secrets.linkToken(one, purpose), secrets.linkToken(other, purpose)];
        const mixed = first.slice(0, cut) + second.slice(cut);
        if (mixed !== first && mixed !== second) expect(secrets.readLinkToken(mixed, purpose)).toBeNull();
      }),
      { numRuns: 1000 },
    );
  });
});

function idOf(n: number): string {
  return `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
}
