import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase } from '../../../support/test-database.ts';
import type { TestDatabase } from '../../../support/test-database.ts';
import { RIGHT, addContact, connectChallenges, newChallenge } from '../challenge-scene.ts';
import type { Challenges } from '../challenge-scene.ts';
import { SOME_HASH, addUser } from '../scene.ts';
import { untilWaiting } from '../waiting.ts';

let database: TestDatabase;
let challenges: Challenges;
let other: pg.Client;
beforeAll(async () => {
  database = await createTestDatabase();
  challenges = connectChallenges(database, 3);
  other = new pg.Client({ connectionString: database.ownerUrl });
  await other.connect();
});
afterAll(async () => {
  await challenges?.end();
  await other?.end();
  await database?.drop();
});

/** A code that somebody asks for while another transaction is in the middle of something; whether it is any good then. */
async function startDuring(change: (userId: string) => Promise<unknown>): Promise<string> {
  const userId = await addUser(database.query, 'customer');
  await database.query('update accounts.users set password_hash = $2 where id = $1', [userId, SOME_HASH]);
  const phone = `+7999${String(Math.random()).slice(2, 9)}`;
  await addContact(database.query, userId, { value: phone, isPrimary: true });
  await addContact(database.query, userId, { type: 'second_login' });
  const challenge = newChallenge({ contact: phone });

  await other.query('begin');
  await change(userId);
  const started = challenges.startChallenge(challenge);
  await untilWaiting(database.query, 'start_challenge');
  await other.query('commit');
  await started;
  const { outcome, userId: whose } = await challenges.redeemChallenge({
    id: challenge.id,
    purpose: 'code_login',
    secretHash: RIGHT,
    userId: null,
  });
  return outcome === 'accepted' && whose !== null ? 'logs in' : 'is of no use';
}

describe('A code that is asked for while the contact is being given up', () => {
  it('is of no use when that has happened', async () => {
    const outcome = await startDuring((userId) =>
      other.query(
        `select accounts.deactivate_contact($1, c.id, 'en') from accounts.user_contacts c
          where c.user_id = $1 and c.type = 'phone'`,
        [userId],
      ),
    );
    expect(outcome).toBe('is of no use');
  });

  it('is of no use when the account was closed meanwhile', async () => {
    const outcome = await startDuring((userId) =>
      other.query(`update accounts.users set is_active = false, deactivated_at = now() where id = $1`, [userId]),
    );
    expect(outcome).toBe('is of no use');
  });
});
