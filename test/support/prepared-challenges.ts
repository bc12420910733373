import { randomInt, randomUUID } from 'node:crypto';
import type { ChallengeMethod, ChallengePurpose } from '../../src/db/challenge-functions.ts';
import { challengeSecretsUnder } from './challenges.ts';
import type { TestDatabase } from './test-database.ts';

/** A code or a link that somebody was sent: what he would read out of the message. */
export type PreparedChallenge = { readonly handle: string; readonly code: string; readonly token: string };

/** Puts a challenge there beside the service: without its pauses and limits, as many as a test needs. */
export async function prepareChallenge(
  database: Pick<TestDatabase, 'query'>,
  challenge: {
    purpose: ChallengePurpose;
    method: ChallengeMethod;
    userId: string | null;
    contactType?: string;
    contact?: string;
  },
): Promise<PreparedChallenge> {
  const { purpose, method, userId, contactType = method === 'link' ? 'email' : 'phone' } = challenge;
  const { contact = `${randomUUID()}@example.com` } = challenge;
  const secrets = challengeSecretsUnder();
  const handle = randomUUID();
  const code = secrets.code(handle);
  const token = secrets.linkToken(handle, purpose);
  const secretHash = method === 'code' ? secrets.hashCode(handle, code) : secrets.hashLinkToken(token);
  await database.query(
    `insert into auth.challenges (id, purpose, method, contact_type, contact, user_id, secret_hash, tries_left, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, now() + interval '5 minutes')`,
    [handle, purpose, method, contactType, contact, userId, secretHash, method === 'code' ? 5 : null],
  );
  return { handle, code, token };
}

/** Another code of 6 digits. */
export function wrongCode(code: string): string {
  return String((Number(code) + randomInt(1, 1_000_000)) % 1_000_000).padStart(6, '0');
}

/** As if the pauses between two messages to a contact were over. */
export async function endPauses(database: Pick<TestDatabase, 'query'>, contact: string): Promise<void> {
  await database.query('update auth.message_quotas set next_at = now() where subject like $1', [`%:${contact}`]);
}
