import { describe, expect, it } from 'vitest';
import { createRevocationView } from '../../../src/revocation/view.ts';

const MINUTE = 60_000;
const LIFETIME = 30 * MINUTE;
const ENDED = { sessionId: 'session-1', tokenId: 'token-1' };

function setUp() {
  const time = { monotonic: 1000, now: Date.UTC(2026, 0, 1) };
  const view = createRevocationView({
    clock: { now: () => time.now, monotonic: () => time.monotonic },
    tokenLifetime: LIFETIME,
  });
  const expiry = time.now / 1000 + 20 * 60;
  return { time, view, expiry, pass: (by: number) => ((time.monotonic += by), (time.now += by)) };
}

describe('the view of revocations', () => {
  it('knows a token by its session or by itself', () => {
    const { view, expiry } = setUp();
    view.apply([[1, 'session', 'session-1', expiry]], 1);
    view.apply([[2, 'token', 'token-2', expiry]], 2);
    expect(view.isRevoked(ENDED)).toBe(true);
    expect(view.isRevoked({ sessionId: 'session-2', tokenId: 'token-2' })).toBe(true);
    expect(view.isRevoked({ sessionId: 'session-3', tokenId: 'token-3' })).toBe(false);
    expect(view.revision()).toBe(2);
  });

  it('drops an entry when all tokens of its time have expired, and not before', () => {
    const { view, expiry, pass } = setUp();
    view.apply([[1, 'session', 'session-1', expiry]], 1);
    pass(LIFETIME + MINUTE);
    expect(view.prune()).toBe(1);
    pass(MINUTE);
    expect(view.prune()).toBe(0);
  });

  it('keeps an entry for a token that lives longer than tokens do now', () => {
    const { time, view, pass } = setUp();
    view.apply([[1, 'session', 'session-1', time.now / 1000 + 24 * 60 * 60]], 1);
    pass(23 * 60 * MINUTE);
    expect(view.prune()).toBe(1);
  });

  it('keeps an entry while the wall clock is ahead, for the time when it is set right', () => {
    const { time, view, expiry } = setUp();
    view.apply([[1, 'session', 'session-1', expiry]], 1);
    time.now += 60 * MINUTE;
    view.apply([[2, 'session', 'session-2', expiry]], 2);
    view.prune();
    time.now -= 60 * MINUTE;
    expect(view.isRevoked(ENDED)).toBe(true);
    expect(view.isRevoked({ sessionId: 'session-2', tokenId: '' })).toBe(true);
  });

  it('never goes back by an answer that is late', () => {
    const { view, expiry } = setUp();
    view.apply([[2, 'session', 'session-1', expiry]], 2);
    view.apply([], 1);
    expect(view.revision()).toBe(2);
    expect(view.isRevoked(ENDED)).toBe(true);
  });
});
