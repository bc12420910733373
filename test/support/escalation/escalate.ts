import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { expect } from 'vitest';
import { createRandom } from '../revocation-simulation/random.ts';
import type { TestDatabase } from '../test-database.ts';
import { follow, modelOf } from './follow.ts';
import type { RoleModel } from './follow.ts';
import { randomSequence } from './random-sequence.ts';
import type { Sequence } from './random-sequence.ts';

const STEPS = 200;

export type Escalation = {
  /** Takes the steps of a random sequence one after another; rejects when an outcome is not the model's. */
  readonly inTurn: (seed: number) => Promise<void>;
  /** Takes them on all connections at once; rejects when a decision was wrong at the moment when it was made. */
  readonly atOnce: (seed: number) => Promise<void>;
  readonly close: () => Promise<void>;
};

/** Sequences of steps on a database, as its owner: what they do is done by the functions that the service calls. */
export async function createEscalation(database: TestDatabase, lane: string, connections: number): Promise<Escalation> {
  const clients = Array.from({ length: connections }, () => new pg.Client({ connectionString: database.ownerUrl }));
  await Promise.all(clients.map((client) => client.connect()));
  await Promise.all(clients.map((client) => client.query('set synchronous_commit = off')));
  const [first] = clients as [pg.Client];

  async function take(client: pg.Client, steps: Sequence['steps']): Promise<readonly string[]> {
    const { rows } = await client.query<{ p_outcomes: string[] }>('call escalation.take_steps($1, null)', [
      JSON.stringify(steps),
    ]);
    return rows[0]?.p_outcomes ?? [];
  }

  /** Sets the scene, has the steps taken, and compares what is held in the end. */
  async function run(seed: number, compare: (sequence: Sequence, model: RoleModel) => Promise<void>): Promise<void> {
    const sequence = randomSequence(createRandom(seed), lane, STEPS);
    const model = modelOf(sequence);
    await first.query('select escalation.set_scene($1)', [JSON.stringify({ ...sequence, steps: null })]);
    try {
      await compare(sequence, model);
      const ids = sequence.users.map(({ id }) => id);
      const held = await first.query<{ key: string }>(
        `select concat_ws(' ', user_id, group_name, coalesce(organisation_id::text, '')) as key
           from accounts.user_group_memberships where user_id = any ($1) and is_active`,
        [ids],
      );
      expect(held.rows.map(({ key }) => key).toSorted()).toEqual([...model.held].toSorted());
    } catch (cause) {
      throw new Error(`Seed ${seed}, lane ${lane}: ${(cause as Error).message}`, { cause });
    }
  }

  return {
    inTurn: (seed) =>
      run(seed, async ({ steps }, model) => {
        const outcomes = await take(first, steps);
        for (const [n, step] of steps.entries()) {
          const meant = follow(model, step);
          if (outcomes[n] !== meant) {
            throw new Error(`Step ${n}: ${outcomes[n]} instead of ${meant}: ${JSON.stringify(step)}`);
          }
        }
      }),
    atOnce: (seed) =>
      run(seed, async ({ steps }, model) => {
        const { rows: before } = await first.query<{ id: string }>(
          'select coalesce(max(id), 0) as id from auth.outbox_events',
        );
        const share = Math.ceil(steps.length / clients.length);
        // All of them end before anything is said of one.
        const taken = await Promise.allSettled(
          clients.map((client, n) => take(client, steps.slice(n * share, (n + 1) * share))),
        );
        for (const each of taken) if (each.status === 'rejected') throw each.reason;
        // Their numbers are drawn under the locks that the decisions were made under: of two that have to do with each other,
        // the one that was made first has the lower one.
        const { rows: events } = await first.query<Event>(
          `select type, actor_id as actor, user_id as "user", data from auth.outbox_events where id > $1 order by id`,
          [before[0]?.id],
        );
        for (const event of events) {
          const decision = decisionOf(event);
          if (!decision) continue;
          const made = follow(model, decision.step);
          if (made !== decision.outcome) {
            throw new Error(`${decision.outcome} instead of ${made}: ${JSON.stringify(event)}`);
          }
        }
      }),
    close: async () => {
      await Promise.all(clients.map((client) => client.end()));
    },
  };
}

type Event = {
  readonly type: string;
  readonly actor: string;
  readonly user: string;
  readonly data: Readonly<Record<string, unknown>> & { readonly organisation_id?: string };
};

const OUTCOMES: Readonly<Record<string, readonly [kind: string, outcome: string]>> = {
  'role.granted': ['grant', 'granted'],
  'role.grant_refused': ['grant', 'refused'],
  'role.revoked': ['revoke', 'revoked'],
  'role.revoke_refused': ['revoke', 'refused'],
  'account.deactivated': ['close', 'close'],
};

/** The step that an event tells of, and what was made of it; null: it tells of none. */
function decisionOf({ type, actor, user, data }: Event) {
  const [subject, kind = ''] = type.split('.');
  if (subject === 'step') return { step: { ...data, kind }, outcome: kind };
  const decided = OUTCOMES[type];
  return (
    decided && {
      step: { ...data, kind: decided[0], actor, user, organisation: data.organisation_id },
      outcome: decided[1],
    }
  );
}

export async function addEscalationHelper({ ownerUrl }: TestDatabase): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    await client.query(await readFile(new URL('./helper.sql', import.meta.url), 'utf8'));
  } finally {
    await client.end();
  }
}
