import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { REFRESH_TOKEN_LENGTH, createRefreshTokens, hashRefreshToken } from '../../../src/tokens/refresh-token.ts';

const keys = { token: Buffer.alloc(32, 1), salt: Buffer.alloc(32, 2) };
const refreshTokens = createRefreshTokens(keys);

describe('A refresh token', () => {
  it('carries its session and generation, and is 256 bits harder to guess than they are', () => {
    const sessionId = randomUUID();
    const first = refreshTokens.first(sessionId);
    expect(first).toMatchObject({ sessionId, generation: 1 });
    expect(first.text).toHaveLength(REFRESH_TOKEN_LENGTH);
    expect(refreshTokens.parse(first.text)).toMatchObject(first);
    expect(refreshTokens.first(sessionId).text).not.toBe(first.text);
  });

  it('has one successor', () => {
    const first = refreshTokens.first(randomUUID());
    const second = refreshTokens.successor(first);
    expect(second).toMatchObject({ sessionId: first.sessionId, generation: 2 });
    expect(refreshTokens.successor(first)).toEqual(second);
    expect(refreshTokens.successor(second).generation).toBe(3);
    expect(hashRefreshToken(second)).toMatch(/^[0-9a-f]{64}$/);
    expect(hashRefreshToken(second)).not.toBe(hashRefreshToken(first));
  });

  it('has a successor that another key does not take for its own', () => {
    const stranger = createRefreshTokens({ ...keys, token: Buffer.alloc(32, 3) });
    expect(stranger.parse(refreshTokens.first(randomUUID()).text)).toBeNull();
    expect(refreshTokens.parse(stranger.successor(refreshTokens.first(randomUUID())).text)).toBeNull();
  });

  it('is the same for the same seed, and only under the same key', () => {
    const sessionId = randomUUID();
    const seeded = refreshTokens.first(sessionId, 'seed');
    expect(refreshTokens.first(sessionId, 'seed')).toEqual(seeded);
    expect(refreshTokens.first(sessionId, 'other').text).not.toBe(seeded.text);
    const other = createRefreshTokens({ ...keys, salt: Buffer.alloc(32, 3) });
    expect(other.first(sessionId, 'seed').text).not.toBe(seeded.text);
  });

  it('is known by its one text: any change makes it unknown', () => {
    const { text } = refreshTokens.first(randomUUID());
    const edits = fc.record({ at: fc.nat(text.length), remove: fc.nat(2), insert: fc.string({ maxLength: 2 }) });
    fc.assert(
      fc.property(edits, ({ at, remove, insert }) => {
        const other = text.slice(0, at) + insert + text.slice(at + remove);
        if (other !== text) expect(refreshTokens.parse(other)).toBeNull();
      }),
      { numRuns: 2000 },
    );
  });
});
