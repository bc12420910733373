import { describe, expect, it } from 'vitest';
import { createRevocationView } from '../../../src/revocation/view.ts';
import { toUuid } from '../../../src/revocation/uuid-words.ts';

const MINUTE = 60_000;
const LIFETIME = 30 * MINUTE;
const uuid = (number: number) => toUuid(1, 2, 3, number);
/** Ids of sessions, and of tokens. */
const session = (number: number) => uuid(number);
const token = (number: number) => uuid(1000 + number);
const ENDED = { sessionId: session(1), tokenId: token(1) };

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
    view.apply([[1, 'session', session(1), expiry]], 1);
    view.apply([[2, 'token', token(2), expiry]], 2);
    expect(view.isRevoked(ENDED)).toBe(true);
    expect(view.isRevoked({ sessionId: session(2), tokenId: token(2) })).toBe(true);
    expect(view.isRevoked({ sessionId: session(3), tokenId: token(3) })).toBe(false);
    expect(view.revision()).toBe(2);
  });

  it('drops an entry when all tokens of its time have expired, and not before', () => {
    const { view, expiry, pass } = setUp();
    view.apply([[1, 'session', session(1), expiry]], 1);
    pass(LIFETIME + MINUTE);
    expect(view.prune()).toBe(1);
    pass(MINUTE);
    expect(view.prune()).toBe(0);
  });

  it('keeps an entry for a token that lives longer than tokens do now', () => {
    const { time, view, pass } = setUp();
    view.apply([[1, 'session', session(1), time.now / 1000 + 24 * 60 * 60]], 1);
    pass(23 * 60 * MINUTE);
    expect(view.prune()).toBe(1);
  });

  it('keeps an entry while the wall clock is ahead, for the time when it is set right', () => {
    const { time, view, expiry } = setUp();
    view.apply([[1, 'session', session(1), expiry]], 1);
    time.now += 60 * MINUTE;
    view.apply([[2, 'session', session(2), expiry]], 2);
    view.prune();
    time.now -= 60 * MINUTE;
    expect(view.isRevoked(ENDED)).toBe(true);
    expect(view.isRevoked({ sessionId: session(2), tokenId: token(2) })).toBe(true);
  });

  it('never goes back by an answer that is late', () => {
    const { view, expiry } = setUp();
    view.apply([[2, 'session', session(1), expiry]], 2);
    view.apply([], 1);
    expect(view.revision()).toBe(2);
    expect(view.isRevoked(ENDED)).toBe(true);
  });

  it('gives out what came after a revision, in order and in portions', () => {
    const { view, expiry } = setUp();
    view.apply([[1, 'session', session(1), expiry]], 1);
    view.apply(
      [
        [2, 'token', token(2), expiry],
        [3, 'session', session(3), expiry],
      ],
      5,
    );
    expect(view.after(0, 2)).toMatchObject({ revision: 2, revocations: [{ revision: 1 }, { revision: 2 }] });
    expect(view.after(2, 2)).toMatchObject({
      revision: 5,
      revocations: [{ revision: 3, kind: 'session', subject: session(3), expiresAt: expiry }],
    });
    expect(view.after(5, 2)).toEqual({ revision: 5, revocations: [] });
  });

  it('says when it cannot go on from a revision, because what came after it was dropped', () => {
    const { view, expiry, pass } = setUp();
    // The database keeps live revocations only: those up to 6 are gone before this view has seen any.
    view.apply([[7, 'session', session(1), expiry]], 7);
    expect(view.after(5, 10)).toBeNull();
    expect(view.after(6, 10)).toMatchObject({ revision: 7, revocations: [{ revision: 7 }] });
    pass(LIFETIME);
    view.apply([[8, 'session', session(2), expiry + 7200]], 8);
    pass(2 * MINUTE);
    view.prune();
    expect(view.after(6, 10)).toBeNull();
    expect(view.after(7, 10)).toMatchObject({ revision: 8, revocations: [{ revision: 8 }] });
    // All that is live is never too old.
    expect(view.after(0, 10)).toMatchObject({ revision: 8, revocations: [{ revision: 8 }] });
  });

  it('keeps refusing what it has refused when the revisions begin anew', () => {
    const { view, expiry } = setUp();
    view.apply([[4, 'session', session(1), expiry]], 9);
    const before = view.history();
    view.rewind();
    view.apply([[1, 'session', session(2), expiry]], 1);
    expect(view.isRevoked(ENDED)).toBe(true);
    expect(view.history()).not.toBe(before);
    expect(view.revision()).toBe(1);
    expect(view.after(0, 10)).toMatchObject({ revision: 1, revocations: [{ subject: session(2) }] });
  });
});
