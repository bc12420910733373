import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase } from '../../../support/test-database.ts';
import type { TestDatabase } from '../../../support/test-database.ts';
import { addUser, only } from '../scene.ts';

const hash = (letter: string) => letter.repeat(64);
/** The stored token is of generation 5; its predecessor, of 4, was traded 10 seconds ago. */
const [PREDECESSOR, CURRENT, SUCCESSOR, OTHER] = ['a', 'b', 'c', 'd'].map(hash) as [string, string, string, string];

type Presented = { hash?: string; generation?: number; successor?: string; grace?: string; isBound?: boolean };
type Case = {
  readonly what: string;
  readonly outcome: string;
  /** SQL that changes the scene; `$1` is the session. */
  readonly scene?: string;
  readonly presented?: Presented;
};

const predecessor: Presented = { hash: PREDECESSOR, generation: 4, successor: CURRENT };
const ofUser = 'from auth.sessions s where s.id = $1 and s.user_id = u.id';

/** The generations 4 and 3 were traded 10 and 20 seconds ago. */
const ROTATED = `update auth.refresh_tokens
  set rotations = array[now() - interval '10 seconds', now() - interval '20 seconds'] where session_id = $1`;

const CASES: readonly Case[] = [
  { what: 'the current token', outcome: 'rotated' },
  { what: 'its predecessor within the grace', outcome: 'replayed', presented: predecessor },
  { what: 'its predecessor after the grace', outcome: 'reused', presented: { ...predecessor, grace: '9 seconds' } },
  { what: 'its predecessor without any grace', outcome: 'reused', presented: { ...predecessor, grace: '0' } },
  {
    what: 'its predecessor with another successor',
    outcome: 'reused',
    presented: { ...predecessor, successor: OTHER },
  },
  { what: 'another token of the generation before', outcome: 'reused', presented: { ...predecessor, hash: OTHER } },
  { what: 'a token of an old generation', outcome: 'reused', presented: { hash: OTHER, generation: 3 } },
  { what: 'the current token under an old generation', outcome: 'reused', presented: { generation: 4 } },
  {
    what: 'a bound token of an old generation, which was current within the grace',
    outcome: 'replayed',
    scene: ROTATED,
    presented: { hash: OTHER, generation: 3, isBound: true },
  },
  {
    what: 'a bound token of an old generation, after the grace',
    outcome: 'reused',
    scene: ROTATED,
    presented: { hash: OTHER, generation: 3, isBound: true, grace: '19 seconds' },
  },
  {
    what: 'a bound token of an older generation than is remembered',
    outcome: 'reused',
    scene: ROTATED,
    presented: { hash: OTHER, generation: 2, isBound: true },
  },
  {
    what: 'an unbound token of an old generation, which was current within the grace',
    outcome: 'reused',
    scene: ROTATED,
    presented: { hash: OTHER, generation: 3 },
  },
  { what: 'another token of the current generation', outcome: 'unknown', presented: { hash: OTHER } },
  { what: 'a token of a generation to come', outcome: 'unknown', presented: { generation: 6 } },
  { what: 'a token of no session', outcome: 'unknown', scene: 'delete from auth.sessions where id = $1' },
  {
    what: 'a session without a token',
    outcome: 'unknown',
    scene: 'delete from auth.refresh_tokens where session_id = $1',
  },
  {
    what: 'a token whose time is over',
    outcome: 'expired',
    scene: 'update auth.refresh_tokens set expires_at = now() where session_id = $1',
  },
  {
    what: 'a token of a session whose time is over',
    outcome: 'expired',
    scene: 'update auth.sessions set expires_at = now() where id = $1',
  },
  {
    what: 'an old token of a session whose time is over',
    outcome: 'expired',
    scene: 'update auth.sessions set expires_at = now() where id = $1',
    presented: { hash: OTHER, generation: 3 },
  },
  {
    what: 'the current token after a logout',
    outcome: 'ended',
    scene: "update auth.sessions set ended_at = now(), end_trigger = 'logout_this' where id = $1",
  },
  {
    what: 'the predecessor within the grace after a logout',
    outcome: 'ended',
    scene: "update auth.sessions set ended_at = now(), end_trigger = 'logout_this' where id = $1",
    presented: predecessor,
  },
  {
    what: 'an old token after a logout: no theft',
    outcome: 'ended',
    scene: "update auth.sessions set ended_at = now(), end_trigger = 'logout_this' where id = $1",
    presented: { hash: OTHER, generation: 3 },
  },
  {
    what: 'the current token of somebody deactivated',
    outcome: 'ended',
    scene: `update accounts.users u set is_active = false ${ofUser}`,
  },
  {
    what: 'the current token of somebody deleted',
    outcome: 'ended',
    scene: `update accounts.users u set deleted_at = now() ${ofUser}`,
  },
  {
    what: 'the predecessor of somebody deactivated',
    outcome: 'ended',
    scene: `update accounts.users u set is_active = false ${ofUser}`,
    presented: predecessor,
  },
];

let database: TestDatabase;
let service: pg.Client;
beforeAll(async () => {
  database = await createTestDatabase();
  service = new pg.Client({ connectionString: database.serviceUrl });
  await service.connect();
});
afterAll(async () => {
  await service?.end();
  await database?.drop();
});

async function openScene() {
  const userId = await addUser(database.query, 'driver', 'customer');
  const sessionId = randomUUID();
  await database.query(
    `insert into auth.sessions (id, user_id, expires_at, access_expires_at)
     values ($1, $2, now() + interval '30 days', now() + interval '30 minutes')`,
    [sessionId, userId],
  );
  await database.query(
    `insert into auth.refresh_tokens (session_id, user_id, generation, token_hash, previous_token_hash, rotated_at, expires_at)
     values ($1, $2, 5, $3, $4, now() - interval '10 seconds', now() + interval '3 days')`,
    [sessionId, userId, CURRENT, PREDECESSOR],
  );
  return { userId, sessionId };
}

type Answer = {
  outcome: string;
  generation: number | null;
  user_id: string | null;
  roles: string[] | null;
  expires_at: Date | null;
  revision: string | null;
};

async function consume(sessionId: string, presented: Presented = {}): Promise<Answer> {
  const { hash: presentedHash = CURRENT, generation = 5, successor = SUCCESSOR, grace = '30 seconds' } = presented;
  const { isBound = false } = presented;
  const { rows } = await service.query<Answer>(
    `select * from auth.consume_refresh_token($1, $2, $3, $4, $5, now() + interval '7 days', now() + interval '1 hour', $6)`,
    [presentedHash, sessionId, generation, successor, grace, isBound],
  );
  return only(rows);
}

/** What is left behind, as far as it can differ. */
async function traces(sessionId: string) {
  const [row] = await database.query<{
    generation: number | null;
    token_hash: string | null;
    end_trigger: string | null;
    revocations: number;
    events: string[];
  }>(
    `select t.generation, t.token_hash, s.end_trigger,
            (select count(*)::int from auth.revocations r where r.kind = 'session' and r.subject = $1) as revocations,
            (select coalesce(array_agg(e.type order by e.id), '{}') from auth.outbox_events e where e.session_id = $1) as events
       from (select $1::uuid as id) x
       left join auth.sessions s on s.id = x.id
       left join auth.refresh_tokens t on t.session_id = x.id`,
    [sessionId],
  );
  return row;
}

describe('auth.consume_refresh_token', () => {
  it.each(CASES)('answers $outcome: $what', async ({ outcome, scene, presented }) => {
    const { userId, sessionId } = await openScene();
    if (scene) await database.query(scene, [sessionId]);
    const before = await traces(sessionId);

    const answer = await consume(sessionId, presented);
    expect(answer.outcome).toBe(outcome);
    const after = await traces(sessionId);

    switch (outcome) {
      case 'rotated':
        expect(answer).toMatchObject({ user_id: userId, roles: ['customer', 'driver'], revision: null });
        expect(after).toEqual({ ...before, generation: 6, token_hash: SUCCESSOR });
        break;
      case 'replayed':
        expect(answer).toMatchObject({ user_id: userId, roles: ['customer', 'driver'], revision: null });
        expect(after).toEqual(before);
        break;
      case 'reused':
        expect(answer).toMatchObject({ roles: null, expires_at: null });
        expect(Number(answer.revision)).toBeGreaterThan(0);
        expect(after).toEqual({
          ...before,
          end_trigger: 'refresh_reuse',
          revocations: 1,
          events: ['session.refresh_reused', 'session.ended'],
        });
        break;
      default:
        // Refused without a trace, and without roles for a token.
        expect(answer).toMatchObject({ roles: null, expires_at: null, revision: null });
        expect(after).toEqual(before);
    }
  });

  it('gives a token no more time than its session has', async () => {
    const { sessionId } = await openScene();
    const end = new Date(Date.now() + 60_000);
    await database.query('update auth.sessions set expires_at = $2 where id = $1', [sessionId, end]);
    expect((await consume(sessionId)).expires_at).toEqual(end);
  });

  it('keeps one row, however often it is called', async () => {
    const { sessionId } = await openScene();
    let [current, generation] = [CURRENT, 5];
    for (let turn = 0; turn < 50; turn += 1) {
      const successor = hash((turn % 10).toString());
      expect((await consume(sessionId, { hash: current, generation, successor })).outcome).toBe('rotated');
      [current, generation] = [successor, generation + 1];
    }
    expect(
      await database.query('select generation from auth.refresh_tokens where session_id = $1', [sessionId]),
    ).toEqual([{ generation: 55 }]);
  });

  it('remembers when a bound token was rotated, within the grace and 100 times at the most, and nothing of an unbound one', async () => {
    const rotationsOf = async (sessionId: string) => {
      const [row] = await database.query<{ count: number; latest: boolean }>(
        `select cardinality(rotations) as count, rotations[1] is not distinct from (select max(at) from unnest(rotations) r (at)) as latest
           from auth.refresh_tokens where session_id = $1`,
        [sessionId],
      );
      return row;
    };
    const rotate = async (sessionId: string, turns: number, isBound: boolean) => {
      for (let turn = 0; turn < turns; turn += 1) {
        const [current, next] = [
          turn === 0 ? CURRENT : hash((turn % 10).toString()),
          hash(((turn + 1) % 10).toString()),
        ];
        const presented = { hash: current, generation: 5 + turn, successor: next, isBound };
        expect((await consume(sessionId, presented)).generation).toBe(6 + turn);
      }
    };
    const [bound, unbound] = [await openScene(), await openScene()];
    await database.query(ROTATED.replace('20 seconds', '31 seconds'), [bound.sessionId]);
    await rotate(bound.sessionId, 1, true);
    expect(await rotationsOf(bound.sessionId)).toEqual({ count: 2, latest: true });
    const many = await openScene();
    await rotate(many.sessionId, 110, true);
    expect(await rotationsOf(many.sessionId)).toEqual({ count: 100, latest: true });
    await rotate(unbound.sessionId, 2, false);
    expect(await rotationsOf(unbound.sessionId)).toEqual({ count: 0, latest: true });
  });
});
