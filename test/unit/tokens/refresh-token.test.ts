import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRefreshTokens, hashRefreshToken } from '../../../src/tokens/refresh-token.ts';

const keys = { token: Buffer.alloc(32, 1), salt: Buffer.alloc(32, 2) };
const refreshTokens = createRefreshTokens(keys);
const CLIENT_KEY = Buffer.alloc(32, 9).toString('base64url');
const OTHER_KEY = Buffer.alloc(32, 8).toString('base64url');

describe('A refresh token', () => {
  it('carries its session and generation, and is 256 bits harder to guess than they are', () => {
    const sessionId = randomUUID();
    const first = refreshTokens.first(sessionId);
    expect(first).toMatchObject({ sessionId, generation: 1, clientKey: null });
    expect(first.text).toHaveLength('rt1_'.length + 91);
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

  it.each([
    ['unbound', null],
    ['bound', CLIENT_KEY],
  ])('(%s) is known by its one text: any change makes it unknown', (_which, clientKey) => {
    const { text } = refreshTokens.first(randomUUID(), undefined, clientKey);
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

describe('A refresh token that is bound to a key', () => {
  it('says so, and so does its successor', () => {
    const sessionId = randomUUID();
    const first = refreshTokens.first(sessionId, undefined, CLIENT_KEY);
    expect(first.text).toMatch(/^rt2_[A-Za-z0-9_-]{134}$/);
    expect(refreshTokens.parse(first.text)).toMatchObject({ sessionId, generation: 1, clientKey: CLIENT_KEY });
    const second = refreshTokens.successor(first);
    expect(refreshTokens.parse(second.text)).toMatchObject({ sessionId, generation: 2, clientKey: CLIENT_KEY });
    expect(refreshTokens.successor(first)).toEqual(second);
  });

  it('is another one with another key, and without', () => {
    const sessionId = randomUUID();
    const texts = [null, CLIENT_KEY, OTHER_KEY].map((key) => refreshTokens.first(sessionId, 'seed', key).text);
    expect(new Set(texts).size).toBe(3);
    expect(refreshTokens.first(sessionId, 'seed', CLIENT_KEY).text).toBe(texts[1]);
  });

  it('cannot be made into one of another key, or into an unbound one, by whoever has it', () => {
    const { text } = refreshTokens.first(randomUUID(), undefined, CLIENT_KEY);
    const bytes = Buffer.from(text.slice(4), 'base64url');
    const rebound = Buffer.concat([bytes.subarray(0, 36), Buffer.from(OTHER_KEY, 'base64url'), bytes.subarray(68)]);
    const unbound = Buffer.concat([bytes.subarray(0, 36), bytes.subarray(68)]);
    expect(refreshTokens.parse(`rt2_${rebound.toString('base64url')}`)).toBeNull();
    expect(refreshTokens.parse(`rt1_${unbound.toString('base64url')}`)).toBeNull();
    expect(refreshTokens.parse(`rt1_${bytes.toString('base64url')}`)).toBeNull();
    expect(refreshTokens.parse(text.replace('rt2_', 'rt1_'))).toBeNull();
  });

  it('cannot be made of an unbound one', () => {
    const { text } = refreshTokens.first(randomUUID());
    const bytes = Buffer.from(text.slice(4), 'base64url');
    const bound = Buffer.concat([bytes.subarray(0, 36), Buffer.from(CLIENT_KEY, 'base64url'), bytes.subarray(36)]);
    expect(refreshTokens.parse(`rt2_${bound.toString('base64url')}`)).toBeNull();
    expect(refreshTokens.parse(text.replace('rt1_', 'rt2_'))).toBeNull();
  });
});

describe('Refresh tokens that people hold', () => {
  // Made by the release that had only these; a change here logs everybody out.
  const sessionId = '0190a5f0-0000-7000-8000-00000000abcd';
  const [first, second] = [
    'rt1_AZCl8AAAcACAAAAAAACrzQAAAAH-3j2Mat3peoLn3S-iWXdVmFStoQ6l73VOy2j97RhF-E2nDLSar94sNOX4hw_iE7U',
    'rt1_AZCl8AAAcACAAAAAAACrzQAAAAL-3j2Mat3peoLn3S-iWXdVUJWcbltIZYLOXvt_1Xbjb0LM_6wTxDgwhoP8O9LFxCc',
  ] as const;
  const bound =
    'rt2_AZCl8AAAcACAAAAAAACrzQAAAAH-3j2Mat3peoLn3S-iWXdVCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQmsysfprt4yrNgpm93Na8mcbu57c1Q8puEOLNs6AY1WSg';

  it('are made and read as ever', () => {
    expect(refreshTokens.first(sessionId, 'seed').text).toBe(first);
    const parsed = refreshTokens.parse(first);
    expect(parsed).toMatchObject({ sessionId, generation: 1, clientKey: null });
    expect(refreshTokens.successor(parsed!).text).toBe(second);
    expect(refreshTokens.first(sessionId, 'seed', CLIENT_KEY).text).toBe(bound);
  });
});
