import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NewChallenge, OwnPurpose } from '../../../../src/db/challenge-functions.ts';
import { createTestDatabase } from '../../../support/test-database.ts';
import type { TestDatabase } from '../../../support/test-database.ts';
import { RIGHT, WRONG, addContact, connectChallenges, newChallenge, stateOf } from '../challenge-scene.ts';
import type { Challenges } from '../challenge-scene.ts';
import { addUser } from '../scene.ts';

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
const PURPOSES: readonly OwnPurpose[] = ['registration', 'code_login', 'contact_confirmation', 'password_reset'];

async function start(overrides: Partial<NewChallenge> = {}): Promise<NewChallenge> {
  const challenge = newChallenge({ purpose: 'password_reset', method: 'link', contactType: 'email', ...overrides });
  await challenges.startChallenge(challenge);
  return challenge;
}
const check = ({ id, purpose }: Pick<NewChallenge, 'id' | 'purpose'>, secretHash: string = RIGHT) =>
  challenges.checkChallenge({ id, purpose, secretHash });

describe('auth.check_challenge', () => {
  it('says whose link it is and until when, and does not use it up, however often it looks', async () => {
    const userId = await addUser(query);
    const { value: contact } = await addContact(query, userId, { type: 'email' });
    const challenge = await start({ contact });
    for (let look = 0; look < 10; look += 1) {
      const looked = await check(challenge);
      expect(looked).toMatchObject({ outcome: 'accepted', userId, contact });
      expect(looked?.expiresAt.getTime()).toBeGreaterThan(Date.now());
    }
    expect(await stateOf(query, challenge.id)).toMatchObject({ end_cause: null });
    const { outcome } = await challenges.redeemChallenge({ ...challenge, userId: null });
    expect(outcome).toBe('accepted');
  });

  it.each([
    ['used', 'was redeemed', `update auth.challenges set ended_at = now(), end_cause = 'used' where id = $1`],
    [
      'used',
      'was redeemed and is old',
      `update auth.challenges set ended_at = now(), end_cause = 'used', expires_at = now() where id = $1`,
    ],
    ['gone', 'has expired', `update auth.challenges set expires_at = now() where id = $1`],
    ['gone', 'was replaced', `update auth.challenges set ended_at = now(), end_cause = 'replaced' where id = $1`],
    [
      'gone',
      'has ended with something else',
      `update auth.challenges set ended_at = now(), end_cause = 'cascade' where id = $1`,
    ],
  ])('says %s of a link that %s', async (outcome, _what, change) => {
    const challenge = await start();
    await query(change, [challenge.id]);
    expect(await check(challenge)).toMatchObject({ outcome });
  });

  it('says nothing of an unknown link, a wrong token, or another purpose', async () => {
    const challenge = await start();
    expect(await check({ ...challenge, id: randomUUID() })).toBeNull();
    expect(await check(challenge, WRONG)).toBeNull();
    for (const purpose of PURPOSES.filter((each) => each !== challenge.purpose)) {
      expect(await check({ ...challenge, purpose })).toBeNull();
    }
  });

  it('never says anything of a code: a look would be a guess that nobody counts', async () => {
    for (const purpose of ['code_login', 'password_reset', 'registration'] as const) {
      const challenge = await start({ purpose, method: 'code', contactType: 'phone' });
      expect(await check(challenge, RIGHT)).toBeNull();
      expect(await check(challenge, WRONG)).toBeNull();
      await challenges.redeemChallenge({ ...challenge, userId: null });
      expect(await check(challenge, RIGHT)).toBeNull();
      expect(await stateOf(query, challenge.id)).toMatchObject({ tries_left: 5, end_cause: 'used' });
    }
  });
});
