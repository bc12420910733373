import { randomUUID } from 'node:crypto';
import { createChallengeSecrets } from '../../src/challenges/challenge-secrets.ts';
import type { ChallengeSecrets } from '../../src/challenges/challenge-secrets.ts';
import { deriveSubkey } from '../../src/tokens/subkey.ts';
import { TEST_MASTER_KEY } from './service.ts';
import type { TestDatabase } from './test-database.ts';

type Database = Pick<TestDatabase, 'query'>;

/** What makes codes and links in a service with this master key. */
export function challengeSecretsUnder(masterKey = TEST_MASTER_KEY): ChallengeSecrets {
  const key = Buffer.from(masterKey, 'base64');
  return createChallengeSecrets({
    secret: deriveSubkey(key, 'challenge-secret'),
    codeHash: deriveSubkey(key, 'challenge-code-hash'),
  });
}

/** The code that was sent to a contact last, whether anybody is to get it or not. */
export async function latestCode(database: Database, contact: string): Promise<string> {
  return challengeSecretsUnder().code((await latestChallenge(database, contact, 'code')).id);
}

/** The token of the link that was sent to a contact last, whether anybody is to get it or not. */
export async function latestLinkToken(database: Database, contact: string): Promise<string> {
  const { id, purpose } = await latestChallenge(database, contact, 'link');
  return challengeSecretsUnder().linkToken(id, purpose);
}

/** Marks the active contacts of a user as confirmed, as if he had confirmed each, the oldest first. */
export async function confirmContacts(database: Database, userId: string): Promise<void> {
  await database.query(
    'update accounts.user_contacts set confirmed_at = now() where user_id = $1 and is_active and confirmed_at is null',
    [userId],
  );
  await database.query(
    `update accounts.user_contacts c set is_primary = true
       from (select distinct on (a.type) a.id from accounts.user_contacts a
              where a.user_id = $1 and a.is_active
                and not exists (select from accounts.user_contacts p
                                 where p.user_id = a.user_id and p.type = a.type and p.is_primary)
              order by a.type, a.created_at, a.id) first
      where c.id = first.id`,
    [userId],
  );
}

type NewChallenge = {
  readonly purpose: string;
  readonly method: 'code' | 'link';
  readonly contactType: string;
  readonly contact: string;
  readonly contactId?: string;
  readonly userId?: string;
};

/** Puts a challenge there beside the service, which would bound their number; returns what a person is sent. */
export async function putChallenge(database: Database, challenge: NewChallenge) {
  const { purpose, method, contactType, contact, contactId = null, userId = null } = challenge;
  const secrets = challengeSecretsUnder();
  const id = randomUUID();
  const sent = { handle: id, code: secrets.code(id), token: secrets.linkToken(id, purpose) };
  const secretHash = method === 'code' ? secrets.hashCode(id, sent.code) : secrets.hashLinkToken(sent.token);
  await database.query(
    `insert into auth.challenges
       (id, purpose, method, contact_type, contact, contact_id, user_id, secret_hash, tries_left, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, now() + interval '5 minutes')`,
    [id, purpose, method, contactType, contact, contactId, userId, secretHash, method === 'code' ? 5 : null],
  );
  return sent;
}

async function latestChallenge(database: Database, contact: string, method: 'code' | 'link') {
  const [challenge] = await database.query<{ id: string; purpose: string }>(
    // The message tells one that came later in the same moment apart: its id grows.
    `select h.id, h.purpose from auth.challenges h left join auth.messages m on m.challenge_id = h.id
      where h.contact = $1 and h.method = $2 order by h.created_at desc, m.id desc nulls last limit 1`,
    [contact, method],
  );
  if (!challenge) throw new Error(`No ${method} was sent to ${contact}.`);
  return challenge;
}
