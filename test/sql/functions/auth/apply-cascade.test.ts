import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSession, openSessions, refreshTokensUnder } from '../../../support/sessions.ts';
import type { OpenedSession } from '../../../support/sessions.ts';
import { authFunctionsOf } from '../../../support/stored-functions.ts';
import { createTestDatabase } from '../../../support/test-database.ts';
import type { TestDatabase } from '../../../support/test-database.ts';
import { hashRefreshToken } from '../../../../src/tokens/refresh-token.ts';
import { RIGHT, addContact, connectChallenges, newChallenge } from '../challenge-scene.ts';
import type { Challenges } from '../challenge-scene.ts';
import { addUser, only } from '../scene.ts';

type Cells = {
  readonly this: 'ends' | 'stays';
  readonly others: 'ends' | 'stays';
  readonly challenges: 'end' | 'stay';
};

/** The matrix as it was decided, written down a second time: a row that is changed or added has to be here, too. */
const MATRIX: Readonly<Record<string, Cells>> = {
  logout_this: { this: 'ends', others: 'stays', challenges: 'stay' },
  logout_all: { this: 'ends', others: 'ends', challenges: 'stay' },
  logout_others: { this: 'stays', others: 'ends', challenges: 'stay' },
  refresh_reuse: { this: 'ends', others: 'stays', challenges: 'stay' },
  password_change: { this: 'stays', others: 'ends', challenges: 'end' },
  password_reset: { this: 'ends', others: 'ends', challenges: 'end' },
  account_deactivated: { this: 'ends', others: 'ends', challenges: 'end' },
  guest_upgraded: { this: 'stays', others: 'ends', challenges: 'end' },
  guest_linked: { this: 'ends', others: 'ends', challenges: 'end' },
  role_changed: { this: 'stays', others: 'stays', challenges: 'stay' },
  session_ended: { this: 'ends', others: 'stays', challenges: 'stay' },
  admin_sessions_ended: { this: 'ends', others: 'ends', challenges: 'stay' },
  admin_revoked: { this: 'ends', others: 'ends', challenges: 'end' },
  account_deleted: { this: 'ends', others: 'ends', challenges: 'end' },
};
const TRIGGERS = Object.keys(MATRIX);
const ends = ({ this: current, others }: Cells) => (current === 'ends' ? 1 : 0) + (others === 'ends' ? 2 : 0);

let database: TestDatabase;
let challenges: Challenges;
beforeAll(async () => {
  database = await createTestDatabase();
  challenges = connectChallenges(database, 4);
});
afterAll(async () => {
  await challenges?.end();
  await database?.drop();
});

const query: TestDatabase['query'] = (text, values) => database.query(text, values);
const auth = authFunctionsOf({ query });

type Applied = { ended: number; revision: string; replicas: string[]; longest_lease_ms: number };
const apply = async (userId: string, trigger: string, sessionId: string | null, actor: string | null) =>
  only(await query<Applied>('select * from auth.apply_cascade($1, $2, $3, $4)', [userId, trigger, sessionId, actor]));

/** Somebody with three sessions, a code and a link on their way to him. */
async function openScene() {
  const userId = await addUser(query, 'customer');
  const contacts = [await addContact(query, userId), await addContact(query, userId, { type: 'email' })];
  const sent = contacts.map(({ type: contactType, value: contact }) =>
    contactType === 'phone'
      ? newChallenge({ contact })
      : newChallenge({ contact, contactType, purpose: 'password_reset', method: 'link' }),
  );
  for (const each of sent) await challenges.startChallenge(each);
  const [current, ...others] = await openSessions({ query }, userId, 3);
  if (!current) throw new Error('No session was opened.');
  return { userId, current, others, sent };
}
type Scene = Awaited<ReturnType<typeof openScene>>;

/** Whether a session's access tokens are revoked on every replica that has read the log. */
async function isRevoked({ sessionId }: OpenedSession): Promise<boolean> {
  const rows = await query(`select from auth.revocations where kind = 'session' and subject = $1`, [sessionId]);
  return rows.length > 0;
}

/** What a refresh answers. */
async function refresh({ refreshToken }: OpenedSession): Promise<string> {
  const refreshTokens = refreshTokensUnder();
  const token = refreshTokens.parse(refreshToken);
  if (!token) throw new Error('It is no refresh token.');
  const { outcome } = await auth.consumeRefreshToken({
    tokenHash: hashRefreshToken(token),
    sessionId: token.sessionId,
    generation: token.generation,
    successorHash: hashRefreshToken(refreshTokens.successor(token)),
    grace: 30_000,
    expiresAt: new Date(Date.now() + 3_600_000),
    accessExpiresAt: new Date(Date.now() + 1_800_000),
    isBound: false,
  });
  return outcome;
}

const stateOfSession = async ({ sessionId }: OpenedSession) =>
  only(
    await query<{ end_trigger: string | null; ended_by: string | null }>(
      'select end_trigger, ended_by from auth.sessions where id = $1',
      [sessionId],
    ),
  );

async function expectSession(session: OpenedSession, fate: 'ends' | 'stays', trigger: string, actor: string | null) {
  const isOver = fate === 'ends';
  expect(await stateOfSession(session)).toEqual({
    end_trigger: isOver ? trigger : null,
    ended_by: isOver ? actor : null,
  });
  expect(await isRevoked(session)).toBe(isOver);
  expect(await refresh(session)).toBe(isOver ? 'ended' : 'rotated');
}

async function expectChallenges({ sent }: Scene, fate: 'end' | 'stay') {
  for (const { id, purpose } of sent) {
    const { outcome } = await challenges.redeemChallenge({ id, purpose, secretHash: RIGHT, userId: null });
    expect(outcome).toBe(fate === 'end' ? 'gone' : 'accepted');
  }
}

describe('The matrix of what a trigger ends', () => {
  it('has these triggers and no others', async () => {
    const rows = await query<{ name: string }>('select name from auth.revocation_triggers order by name');
    expect(rows.map(({ name }) => name)).toEqual([...TRIGGERS].sort());
  });

  describe.each(Object.entries(MATRIX))('%s', (trigger, fates) => {
    let scene: Scene;
    let stranger: Scene;
    let actor: string;
    let applied: Applied;
    beforeAll(async () => {
      [scene, stranger] = [await openScene(), await openScene()];
      actor = randomUUID();
      applied = await apply(scene.userId, trigger, scene.current.sessionId, actor);
    });

    it(`this session ${fates.this}: its access tokens, its refresh token, and who did it`, async () => {
      await expectSession(scene.current, fates.this, trigger, actor);
    });

    it(`every other session ${fates.others}: its access tokens, its refresh token, and who did it`, async () => {
      expect(scene.others).toHaveLength(2);
      for (const other of scene.others) await expectSession(other, fates.others, trigger, actor);
    });

    it(`codes and links ${fates.challenges}`, async () => {
      await expectChallenges(scene, fates.challenges);
    });

    it('nothing of anybody else ends', async () => {
      for (const session of [stranger.current, ...stranger.others]) {
        await expectSession(session, 'stays', trigger, actor);
      }
      await expectChallenges(stranger, 'stay');
    });

    it('tells how many sessions have ended, at which revision, and writes one event of them', async () => {
      const ended = ends(fates);
      const event = {
        type: 'session.ended',
        session_id: fates.others === 'ends' ? null : scene.current.sessionId,
        data: { trigger, ended_sessions: ended },
      };
      expect(applied.ended).toBe(ended);
      const { revision } = only(
        await query<{ revision: string }>('select max(revision) as revision from auth.revocations where user_id = $1', [
          scene.userId,
        ]),
      );
      expect(applied.revision).toBe(revision);
      expect(
        await query(
          `select type, session_id, data from auth.outbox_events where user_id = $1 and type like 'session.%'`,
          [scene.userId],
        ),
      ).toEqual(ended > 0 ? [event] : []);
      // Who did it was somebody else: so it is in the audit, too.
      const { type: action, ...told } = event;
      expect(
        await query('select action, actor_id, session_id, data from auth.audit_events where user_id = $1', [
          scene.userId,
        ]),
      ).toEqual(ended > 0 ? [{ action, actor_id: actor, ...told }] : []);
    });

    it(ends(fates) > 0 ? 'tells nothing of roles' : 'tells every replica the roles of now', async () => {
      expect(
        await query(
          `select subject, user_id, trigger, revoked_by, roles from auth.revocations where user_id = $1 and kind = 'roles'`,
          [scene.userId],
        ),
      ).toEqual(
        ends(fates) > 0
          ? []
          : [{ subject: scene.userId, user_id: scene.userId, trigger, revoked_by: actor, roles: ['customer'] }],
      );
    });
  });
});

describe('auth.apply_cascade', () => {
  it("does not end somebody else's session under a user's name", async () => {
    const [scene, stranger] = [await openScene(), await openScene()];
    for (const trigger of TRIGGERS) await apply(scene.userId, trigger, stranger.current.sessionId, null);
    expect(await stateOfSession(stranger.current)).toEqual({ end_trigger: null, ended_by: null });
  });

  it('spares nobody where it is to spare a session and there is none', async () => {
    for (const trigger of TRIGGERS.filter((each) => MATRIX[each]?.others === 'ends')) {
      const scene = await openScene();
      expect((await apply(scene.userId, trigger, null, null)).ended).toBe(3);
    }
  });

  it('ends nothing twice: a repeat tells the revision that is known already, and writes no event', async () => {
    const { userId, current } = await openScene();
    const first = await apply(userId, 'password_reset', current.sessionId, null);
    const count = () => query('select count(*)::int as events from auth.outbox_events');
    const before = await count();
    expect(await apply(userId, 'password_reset', current.sessionId, null)).toMatchObject({
      ended: 0,
      revision: first.revision,
    });
    expect(await count()).toEqual(before);
  });

  it('ends a session whose access tokens have long expired, and revokes nothing for it', async () => {
    const userId = await addUser(query);
    const session = await openSession({ query }, userId);
    await query(`update auth.sessions set access_expires_at = now() - interval '6 minutes' where id = $1`, [
      session.sessionId,
    ]);
    expect((await apply(userId, 'logout_all', null, userId)).ended).toBe(1);
    expect(await stateOfSession(session)).toEqual({ end_trigger: 'logout_all', ended_by: userId });
    expect(await isRevoked(session)).toBe(false);
  });

  it('names the replicas that have to know, and the longest of their leases', async () => {
    const { userId, current } = await openScene();
    const ids = [randomUUID(), randomUUID()];
    for (const [index, id] of ids.entries())
      await auth.registerReplica({ id, lease: 1000 * (index + 1), tokenLifetime: 60_000 });
    const { replicas, longest_lease_ms: longest } = await apply(userId, 'logout_this', current.sessionId, userId);
    expect([...replicas].sort()).toEqual([...ids].sort());
    expect(longest).toBe(2000);
  });

  it('refuses a trigger that is not in the matrix, and ends nothing', async () => {
    const scene = await openScene();
    await expect(apply(scene.userId, 'whim', scene.current.sessionId, null)).rejects.toThrow();
    await expectSession(scene.current, 'stays', 'whim', null);
    await expectChallenges(scene, 'stay');
  });
});
