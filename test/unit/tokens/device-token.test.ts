import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createDeviceTokens } from '../../../src/tokens/device-token.ts';

const DAY = 24 * 3600 * 1000;
const key = randomBytes(32);

function tokensAt(time: number, macKey = key) {
  return createDeviceTokens({
    key: macKey,
    clock: { now: () => time } as Parameters<typeof createDeviceTokens>[0]['clock'],
  });
}

describe('Device tokens', () => {
  const userId = randomUUID();
  const tokens = tokensAt(1000 * DAY);

  it('name a device that nobody else has', () => {
    const devices = Array.from({ length: 100 }, () => tokens.read(tokens.issue(userId), userId));
    expect(new Set(devices).size).toBe(100);
    for (const device of devices) expect(device).toMatch(/^[0-9a-f]{32}$/);
  });

  it('are the same for one session, so that a repeated call is answered alike', () => {
    const session = { sessionId: randomUUID(), issuedAt: new Date(999 * DAY) };
    expect(tokens.issue(userId, session)).toBe(tokens.issue(userId, session));
    expect(tokens.read(tokens.issue(userId, session), userId)).toBe(session.sessionId.replaceAll('-', ''));
  });

  it('count for nobody but their user, and under no other key', () => {
    const token = tokens.issue(userId);
    expect(tokens.read(token, randomUUID())).toBeNull();
    expect(tokens.read(token, '')).toBeNull();
    expect(tokensAt(1000 * DAY, randomBytes(32)).read(token, userId)).toBeNull();
  });

  it('count for a year', () => {
    const token = tokens.issue(userId);
    expect(tokensAt(1365 * DAY).read(token, userId)).toBe(tokens.read(token, userId));
    expect(tokensAt(1365 * DAY + 1000).read(token, userId)).toBeNull();
  });

  it('count for nothing once a character is another', () => {
    const token = tokens.issue(userId);
    for (let place = 0; place < token.length; place += 1) {
      const other = token[place] === 'A' ? 'B' : 'A';
      const forged = token.slice(0, place) + other + token.slice(place + 1);
      // The last character carries bits that say nothing.
      const isSame = Buffer.from(forged.slice(4), 'base64url').equals(Buffer.from(token.slice(4), 'base64url'));
      if (!isSame || place < 4) expect(tokens.read(forged, userId), forged).toBeNull();
    }
  });

  it.each([
    '',
    'dt1_',
    'x',
    `dt1_${'A'.repeat(70)}`,
    `dt1_${'\u0000'.repeat(70)}`,
    `dt1_${'é'.repeat(70)}`,
    'a'.repeat(100_000),
  ])('are not read from what is none', (text) => {
    expect(tokens.read(text, userId)).toBeNull();
  });

  describe('after another login', () => {
    it('are kept for 30 days', () => {
      const token = tokens.issue(userId);
      expect(tokensAt(1030 * DAY).renew(token, userId)).toBe(token);
    });

    it('are replaced then, by one of the same device that counts for a year more', () => {
      const token = tokens.issue(userId);
      const renewed = tokensAt(1031 * DAY).renew(token, userId);
      expect(renewed).not.toBe(token);
      expect(tokensAt(1396 * DAY).read(renewed, userId)).toBe(tokens.read(token, userId));
    });

    it('are made for a device that is not known', () => {
      const strange = tokens.issue(randomUUID());
      const issued = tokens.renew(strange, userId);
      expect(tokens.read(issued, userId)).not.toBeNull();
      expect(tokens.read(issued, userId)).not.toBe(strange);
      // Of a year ago: forgotten, device and all.
      const old = tokens.issue(userId);
      const later = tokensAt(2000 * DAY);
      expect(later.read(later.renew(old, userId), userId)).not.toBe(tokens.read(old, userId));
    });
  });
});
