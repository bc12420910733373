import { randomUUID } from 'node:crypto';
import { createChallengeSecrets } from '../../src/challenges/challenge-secrets.ts';
import type { ChallengeMethod, ChallengePurpose } from '../../src/db/challenge-functions.ts';
import { deriveSubkey } from '../../src/tokens/subkey.ts';
import { TEST_MASTER_KEY } from './service.ts';
import type { TestDatabase } from './test-database.ts';

type Database = Pick<TestDatabase, 'query'>;

/** What makes the codes and links of a service with the master key of the tests. */
export function testChallengeSecrets() {
  const key = Buffer.from(TEST_MASTER_KEY, 'base64');
  return createChallengeSecrets({
    secret: deriveSubkey(key, 'challenge-secret'),
    codeHash: deriveSubkey(key, 'challenge-code-hash'),
  });
}

/** A row of auth.messages, as far as tests look at it. */
export type MessageRow = {
  readonly id: string;
  readonly recipient: string;
  readonly state: string;
  readonly attempts: number;
  readonly last_error: string | null;
  readonly sent_at: Date | null;
};

/** Notices to these recipients, enqueued without the calls that would cause them; their ids in this order. */
export async function enqueueNotices(
  database: Database,
  recipients: readonly string[],
  { channel = 'email', template = 'password_changed', language = 'en', lifetime = '1 day' } = {},
): Promise<string[]> {
  const rows = await database.query<{ id: string }>(
    `insert into auth.messages (channel, recipient, template, language, expires_at)
     select $2, r.recipient, $3, $4, now() + $5::interval
       from unnest($1::text[]) with ordinality as r (recipient, place) order by r.place
     returning id`,
    [[...recipients], channel, template, language, lifetime],
  );
  return rows.map(({ id }) => id);
}

/** A code or a link to somebody, without the limits that a call obeys. */
export async function enqueueChallenge(
  database: Database,
  {
    channel = 'email',
    recipient,
    purpose = 'registration',
    method = 'link',
    template = purpose,
    language = 'en',
  }: {
    channel?: string;
    recipient: string;
    purpose?: ChallengePurpose;
    method?: ChallengeMethod;
    template?: string;
    language?: string;
  },
): Promise<{ id: string; challengeId: string; secret: string }> {
  const secrets = testChallengeSecrets();
  const challengeId = randomUUID();
  const secret = method === 'code' ? secrets.code(challengeId) : secrets.linkToken(challengeId, purpose);
  const hash = method === 'code' ? secrets.hashCode(challengeId, secret) : secrets.hashLinkToken(secret);
  await database.query(
    `insert into auth.challenges (id, purpose, method, contact_type, contact, secret_hash, tries_left, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, now() + interval '10 minutes')`,
    [
      challengeId,
      purpose,
      method,
      channel === 'email' ? 'email' : 'phone',
      recipient,
      hash,
      method === 'code' ? 5 : null,
    ],
  );
  const [row] = await database.query<{ id: string }>(
    `insert into auth.messages (channel, recipient, template, language, challenge_id, expires_at)
     values ($1, $2, $3, $4, $5, now() + interval '10 minutes') returning id`,
    [channel, recipient, template, language, challengeId],
  );
  return { id: row?.id ?? '', challengeId, secret };
}

export async function messageRow(database: Database, id: string): Promise<MessageRow> {
  const [row] = await database.query<MessageRow>('select * from auth.messages where id = $1', [id]);
  if (!row) throw new Error(`There is no message ${id}.`);
  return row;
}

/** How many messages there are in each state. */
export async function messageStates(database: Database): Promise<Record<string, number>> {
  const rows = await database.query<{ state: string; count: number }>(
    'select state, count(*)::integer as count from auth.messages group by state',
  );
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
}

/** SQL: the state of a message that tells what it was meant for; whether a sender has been there already is chance. */
export const MEANT_STATE = "case when state = 'suppressed' then state else 'enqueued' end";
