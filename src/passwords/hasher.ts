import { createHash, randomBytes } from 'node:crypto';
import { verify as verifyArgon2 } from '@node-rs/argon2';
import bcrypt from 'bcrypt';
import PQueue from 'p-queue';
import { AppError } from '../errors/app-error.ts';
import { inHashSlot } from './hash-slots.ts';
import type { HashSlots } from './hash-slots.ts';

/** Makes and checks password hashes, a bounded number at once. */
export type PasswordHasher = {
  /** @throws OVERLOADED when too many wait already */
  readonly hash: (password: string, signal?: AbortSignal) => Promise<string>;
  /**
   * Checks a password; with no hash it computes as long and answers no, so that an account cannot be told from none.
   * @throws OVERLOADED when too many wait already
   */
  readonly verify: (password: string, hash: string | null, signal?: AbortSignal) => Promise<boolean>;
  /**
   * Whether a hash that has just verified a password is to be replaced by one of ours: it is cheaper than those made today, or of
   * another system. Not where it may have verified only the beginning of the password: what came behind would be set by a typo.
   */
  readonly isOutdated: (hash: string, password: string) => boolean;
};

type Deps = {
  readonly cost: number;
  /** Hashes computed at once; each takes a core and one of libuv's four threads. */
  readonly concurrency: number;
  /** Calls that may wait. */
  readonly queueLimit: number;
  /** null: no other process computes hashes here. */
  readonly slots?: HashSlots | null;
};

/** How our own hashes begin, and no others: foreign-hash.ts sees to it. */
const OURS = '$2b$';
const FOREIGN_BCRYPT = /^\$2[ay]\$/;
const ARGON2ID = '$argon2id$';

/** What bcrypt reads of a password, in bytes; it drops the rest without a word. */
const BCRYPT_BYTES = 72;

export async function createPasswordHasher(deps: Deps): Promise<PasswordHasher> {
  const { cost, concurrency, queueLimit, slots = null } = deps;
  const queue = new PQueue({ concurrency });
  const makeDummy = () => bcrypt.hash(randomBytes(16).toString('hex'), cost);
  const dummyHash = await (slots ? inHashSlot(slots, makeDummy) : makeDummy());

  async function bounded<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (queue.size >= queueLimit) throw new AppError('OVERLOADED', { retryAfter: 1000 });
    // An abandoned call leaves the queue. One that has begun holds its place to the end: bcrypt cannot be stopped, and
    // whoever cancelled calls could otherwise fill all threads.
    const waiting = new AbortController();
    const leave = () => waiting.abort(signal?.reason);
    signal?.addEventListener('abort', leave, { once: true });
    if (signal?.aborted) leave();
    const begin = () => {
      signal?.removeEventListener('abort', leave);
      return work();
    };
    const run = slots ? () => inHashSlot(slots, begin, waiting.signal) : begin;
    return await queue.add(run, { signal: waiting.signal });
  }

  const isCheap = (hash: string) => !hash.startsWith(OURS) || bcrypt.getRounds(hash) < cost;

  /** A wrong password costs what an unknown login costs, at the least: a cheap hash would tell that there is an account. */
  async function compareAtCost(password: string, hash: string): Promise<boolean> {
    const isMatch = await compare(password, hash);
    if (!isMatch && isCheap(hash)) await compare(password, dummyHash);
    return isMatch;
  }

  return {
    hash: (password, signal) => bounded(() => bcrypt.hash(toBcryptInput(password), cost), signal),
    async verify(password, hash, signal) {
      const isMatch = await bounded(() => compareAtCost(password, hash ?? dummyHash), signal);
      return isMatch && hash !== null;
    },
    isOutdated: (hash, password) => isCheap(hash) && !(FOREIGN_BCRYPT.test(hash) && isLong(password.normalize('NFC'))),
  };
}

async function compare(password: string, hash: string): Promise<boolean> {
  if (hash.startsWith(ARGON2ID)) return await verifyArgon2(hash, password.normalize('NFC'));
  if (hash.startsWith(OURS)) return await bcrypt.compare(toBcryptInput(password), hash);
  // Of another system: what is longer than bcrypt reads was cut off there. `$2a$` and `$2y$` are names for what is `$2b$` here: the
  // library answers "no" to `$2y$` at once, and to `$2a$` of 255 bytes and more by a mistake of old that few have made.
  return await bcrypt.compare(password.normalize('NFC'), hash.replace(FOREIGN_BCRYPT, OURS));
}

const isLong = (normal: string) => Buffer.byteLength(normal) > BCRYPT_BYTES;

/**
 * NFC, so that one password typed on two systems is one; longer than bcrypt reads: its SHA-256 in base64 instead (44
 * characters without a NUL, where bcrypt would stop). The prefix keeps the digest apart from those of other systems.
 */
function toBcryptInput(password: string): string {
  const normal = password.normalize('NFC');
  if (!isLong(normal)) return normal;
  return createHash('sha256').update(`auth-service/password/${normal}`).digest('base64');
}
