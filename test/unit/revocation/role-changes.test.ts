import { describe, expect, it } from 'vitest';
import { createWithCurrentRoles } from '../../../src/revocation/current-roles.ts';
import { toUuid } from '../../../src/revocation/uuid-words.ts';
import { createRevocationView } from '../../../src/revocation/view.ts';

const MINUTE = 60_000;
const LIFETIME = 30 * MINUTE;
const USER = toUuid(1, 2, 3, 4);
const OTHER = toUuid(1, 2, 3, 5);

function setUp() {
  const time = { monotonic: 1000, now: Date.UTC(2026, 0, 1) };
  const view = createRevocationView({
    clock: { now: () => time.now, monotonic: () => time.monotonic },
    tokenLifetime: LIFETIME,
  });
  const expiry = time.now / 1000 + 20 * 60;
  return { view, expiry, pass: (by: number) => ((time.monotonic += by), (time.now += by)) };
}

const tokenOf = (userId: string, roles: readonly string[]) => ({
  userId,
  roles,
  sessionId: toUuid(9, 9, 9, 1),
  tokenId: toUuid(9, 9, 9, 2),
  issuedAt: 0,
  expiresAt: 1,
  kid: 'key',
});

describe('roles that have changed', () => {
  it('are answered instead of those in the token, and of nobody else', () => {
    const { view, expiry } = setUp();
    const withCurrentRoles = createWithCurrentRoles(view);
    const token = tokenOf(USER, ['driver']);
    expect(withCurrentRoles(token)).toBe(token);
    view.apply([[1, 'roles', USER, expiry, ['courier', 'driver']]], 1);
    expect(withCurrentRoles(token)).toEqual({ ...token, roles: ['courier', 'driver'] });
    const other = tokenOf(OTHER, ['driver']);
    expect(withCurrentRoles(other)).toBe(other);
  });

  it('cannot be changed by whoever is told', () => {
    const { view, expiry } = setUp();
    view.apply([[1, 'roles', USER, expiry, ['courier']]], 1);
    const current = createWithCurrentRoles(view)(tokenOf(USER, ['driver']));
    expect(Object.isFrozen(current)).toBe(true);
    expect(Object.isFrozen(current.roles)).toBe(true);
  });

  it('revoke no token', () => {
    const { view, expiry } = setUp();
    view.apply([[1, 'roles', USER, expiry, []]], 1);
    expect(view.isRevoked(tokenOf(USER, []))).toBe(false);
    expect(view.isRevoked({ ...tokenOf(OTHER, []), sessionId: OTHER })).toBe(false);
  });

  it('are one object for a token until they change again, so that its answer is encoded once', () => {
    const { view, expiry } = setUp();
    const withCurrentRoles = createWithCurrentRoles(view);
    const token = tokenOf(USER, ['driver']);
    view.apply([[1, 'roles', USER, expiry, ['courier']]], 1);
    const first = withCurrentRoles(token);
    expect(withCurrentRoles(token)).toBe(first);
    view.apply([[2, 'roles', USER, expiry, []]], 2);
    expect(withCurrentRoles(token).roles).toEqual([]);
  });

  it('are those of the highest revision, in whatever order they come', () => {
    const { view, expiry } = setUp();
    view.apply([[2, 'roles', USER, expiry, ['second']]], 2);
    view.apply([[1, 'roles', USER, expiry, ['first']]], 2);
    expect(view.rolesOf(USER)).toEqual(['second']);
  });

  it('are those of the database that is read anew after a rewind, though its revisions are lower', () => {
    const { view, expiry } = setUp();
    view.apply([[7, 'roles', USER, expiry, ['lost']]], 7);
    view.rewind();
    expect(view.rolesOf(USER)).toEqual(['lost']);
    view.apply([[3, 'roles', USER, expiry, ['restored']]], 3);
    expect(view.rolesOf(USER)).toEqual(['restored']);
  });

  it('are kept for as long as a token from before can live, and then dropped', () => {
    const { view, expiry, pass } = setUp();
    view.apply([[1, 'roles', USER, expiry, ['courier']]], 1);
    pass(LIFETIME + MINUTE);
    view.prune();
    expect(view.rolesOf(USER)).toEqual(['courier']);
    pass(MINUTE);
    view.prune();
    expect(view.rolesOf(USER)).toBeUndefined();
  });

  it('are kept for the longest of several changes', () => {
    const { view, expiry, pass } = setUp();
    view.apply([[1, 'roles', USER, expiry + 60 * 60, ['first']]], 1);
    view.apply([[2, 'roles', USER, expiry, ['second']]], 2);
    pass(60 * MINUTE);
    view.prune();
    expect(view.rolesOf(USER)).toEqual(['second']);
  });

  it('are told to watchers as they are now, in the order of all revocations', () => {
    const { view, expiry } = setUp();
    view.apply(
      [
        [1, 'roles', USER, expiry, ['first']],
        [2, 'session', toUuid(9, 9, 9, 1), expiry],
        [3, 'roles', USER, expiry, ['second']],
      ],
      3,
    );
    const told = view.after(0, 10)?.revocations.map(({ revision, kind, roles }) => ({ revision, kind, roles }));
    expect(told).toEqual([
      { revision: 1, kind: 'roles', roles: ['second'] },
      { revision: 2, kind: 'session', roles: undefined },
      { revision: 3, kind: 'roles', roles: ['second'] },
    ]);
  });

  it('are told until the last of them is dropped, however many there were', () => {
    const { view, expiry, pass } = setUp();
    for (let revision = 1; revision <= 5000; revision++) {
      view.apply([[revision, 'roles', toUuid(1, 2, 3, revision), expiry, ['driver']]], revision);
    }
    expect(view.after(4000, 2000)?.revocations).toHaveLength(1000);
    pass(LIFETIME + 2 * MINUTE);
    view.prune();
    expect(view.rolesOf(toUuid(1, 2, 3, 5000))).toBeUndefined();
    expect(view.after(5000, 10)?.revocations).toEqual([]);
  });
});
