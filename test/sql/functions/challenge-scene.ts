import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { createChallengeFunctions } from '../../../src/db/challenge-functions.ts';
import type { NewChallenge } from '../../../src/db/challenge-functions.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import { only } from './scene.ts';
import type { Query } from './scene.ts';

/** What the service stores of a secret, and of another one. */
export const [RIGHT, WRONG] = ['a'.repeat(64), 'b'.repeat(64)] as const;

/** The functions of challenges as the service calls them, on so many connections at a time. */
export function connectChallenges({ serviceUrl }: Pick<TestDatabase, 'serviceUrl'>, connections = 20) {
  const pool = new pg.Pool({ connectionString: serviceUrl, max: connections });
  // One that is still being closed when the database is dropped is told so.
  pool.on('error', () => undefined);
  const challenges = createChallengeFunctions(async <Row>(name: string, args: readonly unknown[]) => {
    const places = args.map((_, index) => `$${index + 1}`).join(', ');
    return (await pool.query(`select * from ${name}(${places})`, [...args])).rows as Row[];
  });
  return { ...challenges, end: () => pool.end() };
}

export type Challenges = ReturnType<typeof connectChallenges>;

/** A code to log in with, asked for with a phone that nobody has, from nowhere. */
export function newChallenge(overrides: Partial<NewChallenge> = {}): NewChallenge {
  return {
    id: randomUUID(),
    purpose: 'code_login',
    method: 'code',
    contactType: 'phone',
    contact: newContact(),
    contactId: null,
    userId: null,
    secretHash: RIGHT,
    lifetime: 300_000,
    registers: false,
    language: 'en',
    network: null,
    contactLimit: 10,
    networkLimit: 30,
    device: null,
    ...overrides,
  };
}

/** A text that nobody else has as a contact; what it looks like is no matter of the database. */
export const newContact = () => `contact-${randomUUID()}`;

type Contact = {
  readonly type?: string;
  readonly value?: string;
  readonly isConfirmed?: boolean;
  readonly isPrimary?: boolean;
};

/** A contact of a user, put there beside the functions. */
export async function addContact(query: Query, userId: string, contact: Contact = {}) {
  const { type = 'phone', value = newContact(), isConfirmed = true, isPrimary = false } = contact;
  const { id } = only(
    await query<{ id: string }>(
      `insert into accounts.user_contacts (user_id, type, value, confirmed_at, is_primary)
       values ($1, $2, $3, case when $4 then now() end, $5) returning id`,
      [userId, type, value, isConfirmed, isPrimary],
    ),
  );
  return { id, type, value };
}

/** As if the pause after the last message had been waited for. */
export async function servePause(query: Query, { purpose, contact }: Pick<NewChallenge, 'purpose' | 'contact'>) {
  await query('update auth.message_quotas set next_at = now() where subject = $1', [`${purpose}:${contact}`]);
}

/** The challenge as it is stored, as far as it changes. */
export async function stateOf(query: Query, id: string) {
  return only(
    await query<{ tries_left: number | null; end_cause: string | null; user_id: string | null }>(
      'select tries_left, end_cause, user_id from auth.challenges where id = $1',
      [id],
    ),
  );
}

/** The word and the facts of a refusal. A call that is not refused fails the test. */
export async function refusalOf(call: Promise<unknown>): Promise<{ word: string; retryAfter: number | undefined }> {
  const error: unknown = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error === null) throw new Error('It was not refused.');
  if (!(error instanceof pg.DatabaseError) || error.code !== 'AU001') throw error as Error;
  const facts = JSON.parse(error.detail ?? '{}') as { retry_after_seconds?: number };
  return { word: error.message, retryAfter: facts.retry_after_seconds };
}
