import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createMessageFunctions } from '../../../../src/db/message-functions.ts';
import type { MessageFunctions } from '../../../../src/db/message-functions.ts';
import { createCallFunction } from '../../../../src/db/call-function.ts';
import { enqueueChallenge, enqueueNotices, messageRow, messageStates } from '../../../support/messages.ts';
import { createTestDatabase } from '../../../support/test-database.ts';
import type { TestDatabase } from '../../../support/test-database.ts';

let database: TestDatabase;
let pool: pg.Pool;
let messages: MessageFunctions;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = new pg.Pool({ connectionString: database.serviceUrl, max: 8 });
  messages = createMessageFunctions(createCallFunction(pool));
});
afterAll(async () => {
  await pool?.end();
  await database?.drop();
});
beforeEach(async () => {
  await database.query('delete from auth.messages');
  await database.query('delete from auth.message_quotas');
  await database.query("delete from auth.outbox_events where type like 'message%'");
});

const claim = (limit: number, { channel = 'email', lease = 60_000, budget = null as number | null } = {}) =>
  messages.claimMessages({ channel, limit, lease, budget });
const finish = (id: string, attempt: number, outcome: 'sent' | 'retry' | 'failed', retryIn = 0) =>
  messages.finishMessage({ id, attempt, outcome, error: outcome === 'sent' ? null : 'no', retryIn });
const people = (count: number) => Array.from({ length: count }, (_, index) => `person-${index}@example.com`);
const events = async (type: string) =>
  (
    await database.query<{ data: object }>('select data from auth.outbox_events where type = $1 order by id', [type])
  ).map(({ data }) => data);

describe('Claiming messages', () => {
  it('gives each of 500 to one of 8 senders, whoever asks at the same time', async () => {
    const ids = await enqueueNotices(database, people(500));
    const taken: string[] = [];
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let found = await claim(3); found.length > 0; found = await claim(3)) {
          taken.push(...found.map(({ id }) => id));
        }
      }),
    );
    // Who finds only what others hold at this moment comes back a little later; here nobody does.
    for (let found = await claim(500); found.length > 0; found = await claim(500)) {
      taken.push(...found.map(({ id }) => id));
    }
    expect(taken.length).toBe(500);
    expect(taken.sort()).toEqual(ids.sort());
  });

  it('takes what somebody waits for before notices, however many are older', async () => {
    await enqueueNotices(database, people(50));
    await enqueueChallenge(database, { recipient: 'waiting@example.com' });
    const [first] = await claim(1);
    expect(first?.recipient).toBe('waiting@example.com');
  });

  it('takes the oldest first, of its channel only, and tells what the message carries', async () => {
    await enqueueNotices(database, ['+79990000001'], { channel: 'sms' });
    const link = await enqueueChallenge(database, { recipient: 'link@example.com', purpose: 'password_reset' });
    const code = await enqueueChallenge(database, {
      recipient: 'code@example.com',
      purpose: 'code_login',
      method: 'code',
      language: 'ru',
    });
    const [first, second, ...others] = await claim(10);
    expect(first).toMatchObject({
      id: link.id,
      attempt: 1,
      template: 'password_reset',
      challenge: { id: link.challengeId, purpose: 'password_reset', method: 'link' },
    });
    expect(second).toMatchObject({
      id: code.id,
      language: 'ru',
      challenge: { id: code.challengeId, purpose: 'code_login', method: 'code' },
    });
    expect(others).toEqual([]);
  });

  it('gives a message to somebody else when the lease of its sender is over, and hears the first one no more', async () => {
    const [id = ''] = await enqueueNotices(database, people(1));
    expect(await claim(1, { lease: 60_000 })).toMatchObject([{ id, attempt: 1 }]);
    expect(await claim(1)).toEqual([]);
    await database.query("update auth.messages set next_attempt_at = now() - interval '1 second'");
    expect(await claim(1)).toMatchObject([{ id, attempt: 2 }]);

    expect(await finish(id, 1, 'failed')).toBeNull();
    expect(await messageRow(database, id)).toMatchObject({ state: 'sending', attempts: 2, last_error: null });
    expect(await finish(id, 2, 'sent')).toBe('sent');
    expect(await finish(id, 2, 'retry')).toBeNull();
    expect(await messageRow(database, id)).toMatchObject({ state: 'sent', attempts: 2 });
  });

  it('never takes a suppressed one', async () => {
    await enqueueNotices(database, people(1));
    await database.query("update auth.messages set state = 'suppressed'");
    expect(await claim(10)).toEqual([]);
    expect(await messageStates(database)).toEqual({ suppressed: 1 });
  });

  it('buries what has expired, and reaches what is behind 300 of those in one call', async () => {
    await enqueueNotices(database, people(300), { lifetime: '-1 second' });
    const [fresh = ''] = await enqueueNotices(database, ['fresh@example.com']);
    expect(await claim(2)).toMatchObject([{ id: fresh }]);
    expect(await messageStates(database)).toEqual({ dead: 300, sending: 1 });
    const [dead] = await messages.listMessages({ state: 'dead', before: null, limit: 1 });
    expect(dead).toMatchObject({ attempts: 0, lastError: 'It expired before it could be sent.' });
    expect(await events('message.dead')).toHaveLength(300);
  });

  it.each(['used', 'replaced', 'tries_used_up', 'cascade'])(
    'does not send a code or link that has ended: %s',
    async (cause) => {
      const { id, challengeId } = await enqueueChallenge(database, { recipient: 'somebody@example.com' });
      await database.query('update auth.challenges set ended_at = now(), end_cause = $2 where id = $1', [
        challengeId,
        cause,
      ]);
      expect(await claim(1)).toEqual([]);
      expect(await messageRow(database, id)).toMatchObject({ state: 'dead', attempts: 0 });
    },
  );

  it('gives up a message that ten senders did not survive', async () => {
    const [id = ''] = await enqueueNotices(database, people(1));
    for (let attempt = 1; attempt <= 10; attempt += 1) {
      expect(await claim(1, { lease: 0 })).toMatchObject([{ id, attempt }]);
    }
    expect(await claim(1)).toEqual([]);
    expect(await messageRow(database, id)).toMatchObject({ state: 'dead', attempts: 10 });
  });
});

describe('The budget of a channel', () => {
  const phones = (count: number) => Array.from({ length: count }, (_, index) => `+7999000${1000 + index}`);

  it('lets exactly so many through in an hour, however parallel, and alarms once', async () => {
    await enqueueNotices(database, phones(60), { channel: 'sms' });
    const taken = await Promise.all(
      Array.from({ length: 8 }, async () => {
        let count = 0;
        for (let turn = 0; turn < 10; turn += 1) count += (await claim(2, { channel: 'sms', budget: 25 })).length;
        return count;
      }),
    );
    expect(taken.reduce((sum, count) => sum + count, 0)).toBe(25);
    expect(await messageStates(database)).toEqual({ pending: 35, sending: 25 });
    expect(await events('messages.budget_used_up')).toEqual([{ channel: 'sms', budget: 25 }]);
    expect(await events('message.dead')).toEqual([]);
  });

  it('goes on in the next hour', async () => {
    await enqueueNotices(database, phones(5), { channel: 'sms' });
    expect(await claim(5, { channel: 'sms', budget: 3 })).toHaveLength(3);
    expect(await claim(5, { channel: 'sms', budget: 3 })).toEqual([]);
    await database.query("update auth.message_quotas set expires_at = now() - interval '1 second'");
    await database.query("update auth.messages set next_attempt_at = now() where state = 'pending'");
    expect(await claim(5, { channel: 'sms', budget: 3 })).toHaveLength(2);
  });

  it('buries what expires while it waits, when that is over', async () => {
    const ids = await enqueueNotices(database, phones(2), { channel: 'sms', lifetime: '5 minutes' });
    expect(await claim(5, { channel: 'sms', budget: 1 })).toHaveLength(1);
    const [row] = await database.query<{ waits: boolean }>(
      'select next_attempt_at = expires_at as waits from auth.messages where id = $1',
      [ids[1]],
    );
    expect(row?.waits).toBe(true);
  });

  it('counts retries', async () => {
    const [id = ''] = await enqueueNotices(database, phones(1), { channel: 'sms' });
    expect(await claim(1, { channel: 'sms', budget: 2 })).toHaveLength(1);
    await finish(id, 1, 'retry');
    expect(await claim(1, { channel: 'sms', budget: 2 })).toHaveLength(1);
    await finish(id, 2, 'retry');
    expect(await claim(1, { channel: 'sms', budget: 2 })).toEqual([]);
  });
});

describe('Finishing an attempt', () => {
  it('tries again after the pause, ten times, and says then what was wrong', async () => {
    const [id = ''] = await enqueueNotices(database, ['ada@example.com']);
    for (let attempt = 1; attempt <= 9; attempt += 1) {
      await claim(1);
      expect(await finish(id, attempt, 'retry')).toBe('pending');
    }
    await claim(1);
    expect(await finish(id, 10, 'retry')).toBe('dead');
    expect(await messageRow(database, id)).toMatchObject({ state: 'dead', attempts: 10, last_error: 'no' });
    const [event, ...others] = await events('message.dead');
    expect(event).toEqual({ message_id: id, channel: 'email', template: 'password_changed', attempts: 10 });
    expect(others).toEqual([]);
  });

  it('does not wait for an attempt that would come too late', async () => {
    const [id = ''] = await enqueueNotices(database, people(1), { lifetime: '10 minutes' });
    await claim(1);
    expect(await finish(id, 1, 'retry', 11 * 60_000)).toBe('dead');
  });

  it('waits for the pause', async () => {
    const [id = ''] = await enqueueNotices(database, people(1));
    await claim(1);
    expect(await finish(id, 1, 'retry', 60_000)).toBe('pending');
    expect(await claim(1)).toEqual([]);
  });
});

describe('Resending', () => {
  const reason = (call: Promise<unknown>) =>
    call.then(
      () => null,
      (error: { reason?: string }) => error.reason,
    );

  it('of one dead message by 8 at the same time succeeds once, 40 times', async () => {
    const ids = await enqueueNotices(database, people(40));
    for (const { id } of await claim(40)) await finish(id, 1, 'failed');
    const actor = randomUUID();
    for (const id of ids) {
      const reasons = await Promise.all(Array.from({ length: 8 }, () => reason(messages.resendMessage(id, actor))));
      expect(reasons.filter((each) => each === null)).toHaveLength(1);
      expect(new Set(reasons)).toEqual(new Set([null, 'MESSAGE_NOT_DEAD']));
    }
    expect(await events('message.resent')).toEqual(ids.map((id) => ({ message_id: id, actor })));
    // Attempts go on counting: the senders of the first ones stay out.
    // A refusal is heard a moment before its transaction lets go of the row, which a sender passes over meanwhile.
    const attempts: number[] = [];
    await expect
      .poll(async () => attempts.push(...(await claim(40)).map(({ attempt }) => attempt)), { timeout: 5000 })
      .toBe(40);
    expect(new Set(attempts)).toEqual(new Set([2]));
  });

  it('gives one more attempt to a message that had ten', async () => {
    const [id = ''] = await enqueueNotices(database, people(1));
    await database.query("update auth.messages set state = 'dead', attempts = 10");
    await messages.resendMessage(id, randomUUID());
    expect(await claim(1)).toMatchObject([{ attempt: 11 }]);
    expect(await finish(id, 11, 'retry')).toBe('dead');
  });

  it('finds no suppressed message', async () => {
    const [id = ''] = await enqueueNotices(database, people(1));
    await database.query("update auth.messages set state = 'suppressed'");
    expect(await reason(messages.resendMessage(id, randomUUID()))).toBe('MESSAGE_NOT_FOUND');
    expect(await messages.listMessages({ state: 'suppressed' as never, before: null, limit: 10 })).toEqual([]);
  });
});
