import { setImmediate } from 'node:timers/promises';
import type { Contacts } from '../accounts/contact.ts';
import type { SignedInCaller } from '../caller.ts';
import type { ImportRefusal, UserFunctions } from '../db/user-functions.ts';
import { AppError } from '../errors/app-error.ts';
import { readImportedUser } from './imported-user.ts';
import type { ImportedUserInput } from './imported-user.ts';

type ImportUsersDeps = {
  readonly users: Pick<UserFunctions, 'importUsers'>;
  readonly contacts: Pick<Contacts, 'types' | 'ofType'>;
};

/** Somebody who was not taken in. */
type ImportFailure = Omit<ImportRefusal, 'position' | 'field'> & {
  /** His number in the stream, from 1 on. */
  readonly line: number;
  /** Where it lies and what is wrong, without the value. */
  readonly message: string;
};
export type ImportedBatch = { readonly imported: number; readonly failures: readonly ImportFailure[] };

const MOST_USERS = 500;
/** Users that are read in one turn of the event loop: some milliseconds. */
const SLICE = 32;

const WHAT_IS_WRONG = {
  CONTACT_TAKEN: 'belongs to another account',
  ROLE_NOT_GRANTABLE: 'may not be given by you',
  // All that is left to the database.
  INVALID_REQUEST: 'must be smaller: its numbers have too many digits',
} as const satisfies { readonly [reason in ImportRefusal['reason']]: string };

/**
 * Takes in users of another system, batch by batch: the next one is read when the last one has been committed and answered. A
 * stream that breaks off leaves what was answered, and perhaps the batch after it.
 */
export function createImportUsers({ users, contacts }: ImportUsersDeps) {
  return async function* importUsers(
    batches: AsyncIterable<readonly ImportedUserInput[]>,
    { user }: SignedInCaller,
  ): AsyncGenerator<ImportedBatch, void, void> {
    let before = 0;
    for await (const batch of batches) {
      if (batch.length > MOST_USERS) {
        const violation = { field: 'users', description: `must be at most ${MOST_USERS}` };
        throw new AppError('INVALID_REQUEST', { violations: [violation] });
      }
      yield await importBatch(batch, before, user);
      before += batch.length;
    }
  };

  async function importBatch(
    batch: readonly ImportedUserInput[],
    before: number,
    { userId, sessionId }: SignedInCaller['user'],
  ): Promise<ImportedBatch> {
    const failures: ImportFailure[] = [];
    const accepted: { line: number; account: Parameters<UserFunctions['importUsers']>[1][number] }[] = [];
    for (const [index, input] of batch.entries()) {
      if (index > 0 && index % SLICE === 0) await setImmediate();
      const line = before + index + 1;
      const read = readImportedUser(contacts, input);
      if (typeof read === 'string') failures.push({ line, reason: 'INVALID_REQUEST', message: read });
      else accepted.push({ line, account: read });
    }

    if (batch.length === 0) return { imported: 0, failures };
    // Also where nobody is left: whether the caller may is decided there, and the event is written there.
    const accounts = accepted.map(({ account }) => account);
    const refused = await users.importUsers({ actor: userId, sessionId }, accounts, failures.length);
    for (const { position, reason, field } of refused) {
      const line = accepted[position - 1]?.line;
      if (line === undefined) throw new Error('A user was refused whom nobody sent.');
      failures.push({ line, reason, message: `${field}: ${WHAT_IS_WRONG[reason]}` });
    }
    failures.sort((one, other) => one.line - other.line);
    return { imported: batch.length - failures.length, failures };
  }
}

export type ImportUsers = ReturnType<typeof createImportUsers>;
