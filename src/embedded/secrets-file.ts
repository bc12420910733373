import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { displayPath } from './display-path.ts';
import { errorCode } from './error-code.ts';
import { StartProblem } from '../errors/start-problem.ts';

const MASTER_KEY_BYTES = 32;
const PASSWORD_BYTES = 24;

/** What the default set-up of one machine keeps secret. Made once; all of it is needed to use the data again. */
export type EmbeddedSecrets = {
  /** 32 random bytes in base64. Data is encrypted with it: without it, that data is lost. */
  readonly masterKey: string;
  /** Passwords of database roles: 24 random bytes in base64url, which needs no quoting in URLs and SQL. */
  readonly superuserPassword: string;
  readonly ownerPassword: string;
  readonly servicePassword: string;
};

/**
 * Reads the secrets, or makes them when there is no such file. The directory is created when missing.
 *
 * A file that is there is never replaced: a new key in place of a damaged one would make the data encrypted with the
 * old one unreadable for good.
 *
 * @throws {StartProblem} when the file is open to others, damaged, or cannot be read or written.
 */
export async function loadOrCreateSecrets(file: string): Promise<EmbeddedSecrets> {
  return (await load(file)) ?? (await create(file)) ?? loadOrCreateSecrets(file);
}

/** Undefined when there is no file. */
async function load(file: string): Promise<EmbeddedSecrets | undefined> {
  let text: string;
  try {
    const { mode } = await stat(file);
    if ((mode & 0o077) !== 0) {
      throw new StartProblem(
        `${displayPath(file)} can be read by others (mode ${(mode & 0o777).toString(8).padStart(4, '0')}). ` +
          `Run "chmod 600 ${displayPath(file)}", and start again.`,
      );
    }
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    if (error instanceof StartProblem) throw error;
    throw new StartProblem(`${displayPath(file)} cannot be read. Check that it belongs to the user who starts this.`, {
      cause: error,
    });
  }
  return parse(text, file);
}

function parse(text: string, file: string): EmbeddedSecrets {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    // Not as the cause: the message of a JSON error quotes the text.
    throw damaged(file, 'is not valid JSON');
  }
  const fields: Record<string, unknown> = typeof content === 'object' && content !== null ? { ...content } : {};
  const field = (name: keyof EmbeddedSecrets): string => {
    const value = fields[name];
    if (typeof value !== 'string' || value === '') throw damaged(file, `has no "${name}"`);
    return value;
  };
  const secrets: EmbeddedSecrets = {
    masterKey: field('masterKey'),
    superuserPassword: field('superuserPassword'),
    ownerPassword: field('ownerPassword'),
    servicePassword: field('servicePassword'),
  };
  if (Buffer.from(secrets.masterKey, 'base64').length !== MASTER_KEY_BYTES) {
    throw damaged(file, `has a "masterKey" that is not ${MASTER_KEY_BYTES} bytes in base64`);
  }
  return secrets;
}

function damaged(file: string, what: string): StartProblem {
  return new StartProblem(
    `${displayPath(file)} ${what}. Restore it from a backup; ` +
      `without it the data is lost, and moving ${displayPath(dirname(file))} away begins with an empty database.`,
  );
}

/** Undefined when somebody else created the file meanwhile. */
async function create(file: string): Promise<EmbeddedSecrets | undefined> {
  const password = () => randomBytes(PASSWORD_BYTES).toString('base64url');
  const secrets: EmbeddedSecrets = {
    masterKey: randomBytes(MASTER_KEY_BYTES).toString('base64'),
    superuserPassword: password(),
    ownerPassword: password(),
    servicePassword: password(),
  };
  try {
    await mkdir(dirname(file), { recursive: true });
    return (await writeWholeOrNotAtAll(file, `${JSON.stringify(secrets, null, 2)}\n`)) ? secrets : undefined;
  } catch (cause) {
    throw new StartProblem(
      `${displayPath(file)} cannot be written. Check who owns its directory, and the free space.`,
      {
        cause,
      },
    );
  }
}

/** False when the file exists. On the disk when it resolves: secrets that a power cut could take must not be used. */
async function writeWholeOrNotAtAll(file: string, text: string): Promise<boolean> {
  const draft = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    // Not rename: that would replace a file that appeared meanwhile.
    await link(draft, file);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(draft).catch(() => undefined);
  }
  const directory = await open(dirname(file), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
  return true;
}
