import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { displayPath } from './display-path.ts';
import { errorCode } from './error-code.ts';
import { StartProblem } from '../errors/start-problem.ts';

const run = promisify(execFile);

/** The operating-system user PostgreSQL runs as, where that is not simply the user of this process. */
export type OsUser = { readonly name: string; readonly uid: number; readonly gid: number };

/**
 * PostgreSQL refuses to run as root, so root gets another user for it: the owner of a data directory that is there
 * already (only the owner may use it), else `postgres`, else a new system user of that name, else `nobody`.
 *
 * Undefined means "as whoever we are", the answer for everybody but root.
 *
 * @throws {StartProblem} when the data directory belongs to somebody else, or root finds no user at all.
 */
export async function chooseOsUser(options: {
  dataDir: string;
  onProgress: (message: string) => void;
  /** The user to look for and to create; only tests want another. */
  preferredName?: string;
}): Promise<OsUser | undefined> {
  const { dataDir, onProgress, preferredName = 'postgres' } = options;
  const me = process.geteuid?.();
  if (me === undefined) {
    throw new StartProblem(
      'The embedded PostgreSQL needs Linux or macOS. Name a PostgreSQL of your own in DATABASE_URL.',
    );
  }
  const owner = await ownerOf(dataDir);

  if (me !== 0) {
    if (owner !== undefined && owner.uid !== me) {
      throw new StartProblem(
        `${displayPath(dataDir)} belongs to another operating-system user (uid ${owner.uid}). ` +
          'Start as that user or as root, or move the directory away to begin with an empty database.',
      );
    }
    return undefined;
  }

  if (owner !== undefined && owner.uid !== 0) return owner;
  const user =
    (await lookUp(preferredName)) ?? (await createSystemUser(preferredName, onProgress)) ?? (await lookUp('nobody'));
  if (user === undefined) {
    throw new StartProblem(
      `PostgreSQL does not run as root and no other user could be made for it. Run "useradd --system ${preferredName}" ` +
        'and start again, or start as a user who is not root.',
    );
  }
  return user;
}

async function ownerOf(dataDir: string): Promise<OsUser | undefined> {
  try {
    const { uid, gid } = await stat(dataDir);
    return { name: `uid ${uid}`, uid, gid };
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw new StartProblem(`${displayPath(dataDir)} cannot be read. Check who owns it and the directories above it.`, {
      cause: error,
    });
  }
}

async function lookUp(name: string): Promise<OsUser | undefined> {
  try {
    // `id` rather than /etc/passwd: it also knows users from LDAP and the like.
    const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
    return { name, uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined;
  }
}

async function createSystemUser(name: string, onProgress: (message: string) => void): Promise<OsUser | undefined> {
  const flags = [
    '--system',
    '--user-group',
    '--no-create-home',
    '--home-dir',
    '/nonexistent',
    '--shell',
    '/usr/sbin/nologin',
  ];
  try {
    await run('useradd', [...flags, name]);
  } catch {
    return undefined; // no useradd here, or /etc is read-only: the caller has one more idea
  }
  onProgress(`Created the system user "${name}", because PostgreSQL does not run as root.`);
  return lookUp(name);
}
