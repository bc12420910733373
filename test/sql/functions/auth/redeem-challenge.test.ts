import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NewChallenge, RedeemedChallenge } from '../../../../src/db/challenge-functions.ts';
import { createTestDatabase } from '../../../support/test-database.ts';
import type { TestDatabase } from '../../../support/test-database.ts';
import { connectSuperuser } from '../../superuser.ts';
import { RIGHT, WRONG, addContact, connectChallenges, newChallenge, stateOf } from '../challenge-scene.ts';
import type { Challenges } from '../challenge-scene.ts';
import { addUser, only } from '../scene.ts';
import { untilWaiting } from '../waiting.ts';

let database: TestDatabase;
let challenges: Challenges;
beforeAll(async () => {
  database = await createTestDatabase();
  challenges = connectChallenges(database, 20);
});
afterAll(async () => {
  await challenges?.end();
  await database?.drop();
});

const query: TestDatabase['query'] = (text, values) => database.query(text, values);

async function start(overrides: Partial<NewChallenge> = {}): Promise<NewChallenge> {
  const challenge = newChallenge(overrides);
  await challenges.startChallenge(challenge);
  return challenge;
}

type Presented = { secretHash?: string; purpose?: NewChallenge['purpose']; userId?: string | null };
const redeem = ({ id, purpose }: Pick<NewChallenge, 'id' | 'purpose'>, presented: Presented = {}) =>
  challenges.redeemChallenge({ id, purpose, secretHash: RIGHT, userId: null, ...presented });
const outcome = async (...presented: Parameters<typeof redeem>) => (await redeem(...presented)).outcome;

const NOTHING = { userId: null, contactType: null, contact: null, contactId: null, triesLeft: null };
const LINK = { purpose: 'password_reset', method: 'link', contactType: 'email' } as const;

describe('auth.redeem_challenge', () => {
  it('trades the secret for what it shows', async () => {
    const userId = await addUser(query);
    const { value: contact } = await addContact(query, userId);
    expect(await redeem(await start({ contact }))).toEqual({
      outcome: 'accepted',
      userId,
      contactType: 'phone',
      contact,
      contactId: null,
      triesLeft: null,
    });
    const claim = await addContact(query, userId, { type: 'email', isConfirmed: false });
    const confirmation = await start({
      ...LINK,
      purpose: 'contact_confirmation',
      contact: claim.value,
      contactId: claim.id,
      userId,
    });
    expect(await redeem(confirmation, { userId })).toEqual({
      outcome: 'accepted',
      userId,
      contactType: 'email',
      contact: claim.value,
      contactId: claim.id,
      triesLeft: null,
    });
  });

  it('counts five wrong codes, and takes none after them, not even the right one', async () => {
    const challenge = await start();
    for (const triesLeft of [4, 3, 2, 1, 0]) {
      expect(await redeem(challenge, { secretHash: WRONG })).toEqual({ ...NOTHING, outcome: 'wrong', triesLeft });
    }
    expect(await stateOf(query, challenge.id)).toMatchObject({ tries_left: 0, end_cause: 'tries_used_up' });
    expect(await redeem(challenge)).toEqual({ ...NOTHING, outcome: 'gone' });
    expect(await redeem(challenge, { secretHash: WRONG })).toEqual({ ...NOTHING, outcome: 'gone' });
  });

  it('takes the right code after four wrong ones', async () => {
    const challenge = await start();
    for (let guess = 0; guess < 4; guess += 1) await redeem(challenge, { secretHash: WRONG });
    expect(await outcome(challenge)).toBe('accepted');
  });

  it('does not count wrong tokens of a link, so that nobody can use it up for its owner', async () => {
    const challenge = await start(LINK);
    for (let guess = 0; guess < 20; guess += 1) expect(await outcome(challenge, { secretHash: WRONG })).toBe('gone');
    expect(await outcome(challenge)).toBe('accepted');
  });

  it.each([
    ['a code', {}],
    ['a link', LINK],
  ])('tells who comes again with %s that he has used it, and nobody else', async (_what, kind) => {
    const challenge = await start(kind);
    expect(await outcome(challenge)).toBe('accepted');
    expect(await redeem(challenge)).toEqual({ ...NOTHING, outcome: 'used' });
    expect(await redeem(challenge, { secretHash: WRONG })).toEqual({ ...NOTHING, outcome: 'gone' });
  });

  it.each([
    ['has expired', `update auth.challenges set expires_at = now() where id = $1`],
    ['was replaced', `update auth.challenges set ended_at = now(), end_cause = 'replaced' where id = $1`],
    [
      'has ended with something else',
      `update auth.challenges set ended_at = now(), end_cause = 'cascade' where id = $1`,
    ],
    ['was removed', `delete from auth.challenges where id = $1`],
  ])('does not take one that %s, and counts nothing', async (_what, change) => {
    for (const kind of [{}, LINK]) {
      const challenge = await start(kind);
      await query(change, [challenge.id]);
      const before = await query('select * from auth.challenges where id = $1', [challenge.id]);
      for (const secretHash of [RIGHT, WRONG]) {
        expect(await redeem(challenge, { secretHash })).toEqual({ ...NOTHING, outcome: 'gone' });
      }
      expect(await query('select * from auth.challenges where id = $1', [challenge.id])).toEqual(before);
    }
  });

  it('takes none for another purpose, and does not use it up', async () => {
    for (const kind of [{}, LINK]) {
      const challenge = await start(kind);
      const others = (['registration', 'code_login', 'contact_confirmation', 'password_reset'] as const).filter(
        (purpose) => purpose !== challenge.purpose,
      );
      const before = await stateOf(query, challenge.id);
      for (const purpose of others) {
        for (const secretHash of [RIGHT, WRONG]) {
          expect(await redeem(challenge, { purpose, secretHash })).toEqual({ ...NOTHING, outcome: 'gone' });
        }
      }
      expect(await stateOf(query, challenge.id)).toEqual(before);
      expect(await outcome(challenge)).toBe('accepted');
    }
  });

  it('takes none from another user, and does not use it up', async () => {
    const userId = await addUser(query);
    const { value: contact } = await addContact(query, userId);
    const challenge = await start({ contact });
    for (const other of [await addUser(query), randomUUID()]) {
      for (const secretHash of [RIGHT, WRONG]) {
        expect(await redeem(challenge, { userId: other, secretHash })).toEqual({ ...NOTHING, outcome: 'gone' });
      }
    }
    expect(await stateOf(query, challenge.id)).toMatchObject({ tries_left: 5, end_cause: null });
    expect(await outcome(challenge, { userId })).toBe('accepted');
  });

  it('takes one of nobody from no user', async () => {
    const challenge = await start();
    expect(await outcome(challenge, { userId: await addUser(query) })).toBe('gone');
    expect(await outcome(challenge)).toBe('accepted');
  });

  it('lets the next one be asked for at once, within the count of the day', async () => {
    const challenge = await start();
    await redeem(challenge, { secretHash: WRONG });
    await expect(start({ contact: challenge.contact })).rejects.toThrow('MESSAGES_THROTTLED');
    expect(await outcome(challenge)).toBe('accepted');
    const next = await start({ contact: challenge.contact, contactLimit: 2 });
    expect(await outcome(next)).toBe('accepted');
    await expect(start({ contact: challenge.contact, contactLimit: 2 })).rejects.toThrow('MESSAGES_THROTTLED');
  });
});

const REDEMPTIONS = 8;
const ROUNDS = 200;

describe('Parallel redemptions', () => {
  it.each([
    ['code', {}],
    ['link', LINK],
  ])(`of one %s: ${REDEMPTIONS} at a time, ${ROUNDS} times, exactly one is accepted each time`, async (_, kind) => {
    const rounds: string[][] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const challenge = await start(kind);
      rounds.push(await Promise.all(Array.from({ length: REDEMPTIONS }, () => outcome(challenge))));
    }
    const expected = ['accepted', ...Array<string>(REDEMPTIONS - 1).fill('used')];
    expect(rounds.filter((outcomes) => outcomes.sort().join() !== expected.join())).toEqual([]);
  });

  it('of 500 wrong codes: exactly 5 are evaluated', async () => {
    const challenge = await start();
    const answers = await Promise.all(Array.from({ length: 500 }, () => redeem(challenge, { secretHash: WRONG })));
    const evaluated = answers.filter((answer) => answer.outcome === 'wrong');
    expect(evaluated.map(({ triesLeft }) => triesLeft).sort()).toEqual([0, 1, 2, 3, 4]);
    expect(answers.filter((answer) => answer.outcome === 'gone')).toHaveLength(495);
  });

  it('of 500 guesses, one of them right: at most 5 are evaluated, wherever the right one stands', async () => {
    const kinds: string[] = [];
    for (const place of [0, 1, 3, 4, 5, 6, 20, 250, 499]) {
      const challenge = await start();
      const answers = await Promise.all(
        Array.from({ length: 500 }, (_, n) => redeem(challenge, { secretHash: n === place ? RIGHT : WRONG })),
      );
      const count = (of: RedeemedChallenge['outcome']) => answers.filter((answer) => answer.outcome === of).length;
      // Before the right one four wrong ones at most; without it, five.
      expect(count('wrong')).toBeLessThanOrEqual(count('accepted') === 1 ? 4 : 5);
      expect(count('wrong') + count('accepted') + count('gone')).toBe(500);
      expect(answers[place]?.outcome).toBe(count('accepted') === 1 ? 'accepted' : 'gone');
      const { end_cause: cause } = await stateOf(query, challenge.id);
      expect(cause).toBe(count('accepted') === 1 ? 'used' : 'tries_used_up');
      kinds.push(cause ?? '');
    }
    // Both came to pass.
    expect(new Set(kinds)).toEqual(new Set(['used', 'tries_used_up']));
  });
});

describe('The locks of a redemption', () => {
  it('are taken in the order of a cascade: while it waits for the user, it holds no challenge', async () => {
    const userId = await addUser(query);
    const { value: contact } = await addContact(query, userId);
    const challenge = await start({ contact });
    const cascade = await connectSuperuser(database);
    try {
      await cascade.query('begin');
      await cascade.query('select from accounts.users where id = $1 for no key update', [userId]);
      const redeemed = redeem(challenge);
      await untilWaiting(query, 'auth.redeem_challenge');
      const { rowCount } = await cascade.query(
        `update auth.challenges set ended_at = now(), end_cause = 'cascade'
          where id = (select h.id from auth.challenges h where h.id = $1 for update nowait)`,
        [challenge.id],
      );
      expect(rowCount).toBe(1);
      await cascade.query('commit');
      expect((await redeemed).outcome).toBe('gone');
    } finally {
      await cascade.end();
    }
  });

  it('do not wait for a Start that holds the pause and waits for the challenge', async () => {
    const challenge = await start();
    const subject = `${challenge.purpose}:${challenge.contact}`;
    const starting = await connectSuperuser(database);
    try {
      await starting.query('begin');
      await starting.query('select from auth.message_quotas where subject = $1 for update', [subject]);
      expect(await outcome(challenge)).toBe('accepted');
      await starting.query('commit');
      // The pause is left as it is then.
      expect(only(await query('select used from auth.message_quotas where subject = $1', [subject]))).toEqual({
        used: 1,
      });
    } finally {
      await starting.end();
    }
  });
});
