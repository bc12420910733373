import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { displayPath } from './display-path.ts';
import type { OsUser } from './os-user.ts';
import { StartProblem } from '../errors/start-problem.ts';

/**
 * Not ours: variables such as PGDATA would redirect PostgreSQL, and ours may hold secrets that a database superuser
 * could read through it. The path is for finding setpriv.
 */
const ENVIRONMENT = { LC_ALL: 'C', PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };

/**
 * Starts a program as the chosen user, in a session of its own, with its output going to an open file.
 *
 * A session of its own: Ctrl-C in a terminal reaches every process of the foreground group, and PostgreSQL must not
 * shut down under a service that is still finishing its calls. Output to a file and not to a pipe: when this process
 * is killed, a server that logs into a broken pipe would be hurt as well.
 */
export type Launch = (
  program: string,
  args: readonly string[],
  options: { output: number | 'ignore'; whenParentDies: NodeJS.Signals },
) => ChildProcess;

type CommandLine = { command: string; args: string[]; uid?: number; gid?: number };
type Wrap = (program: string, args: readonly string[], whenParentDies: NodeJS.Signals) => CommandLine;

/**
 * Finds the way with the least privilege in which `user` can run `executable` and work in `directory`, by trying.
 *
 * Root often works in places nobody else may enter: /root, a directory from mktemp. Opening them up is not ours to do,
 * so PostgreSQL is lent one Linux capability to pass through: CAP_DAC_READ_SEARCH (read and enter anything), or, where
 * a container does not have that one, CAP_DAC_OVERRIDE (also write anything). The price is that a database superuser
 * could read (or write) any file of the machine; the service's own database roles cannot. Where the paths are open to
 * everybody no capability is given. `setpriv` is part of util-linux.
 *
 * @throws {StartProblem} when there is no way.
 */
export async function findLaunch(options: {
  user: OsUser | undefined;
  executable: string;
  directory: string;
}): Promise<Launch> {
  const { user, executable, directory } = options;
  const ways: Wrap[] =
    user === undefined
      ? [withSetpriv(undefined, undefined), directly(undefined)]
      : [
          withSetpriv(user, undefined),
          withSetpriv(user, 'dac_read_search'),
          withSetpriv(user, 'dac_override'),
          directly(user),
        ];

  for (const wrap of ways) {
    if (await canUse(wrap, executable, directory)) return launchThrough(wrap);
  }
  throw new StartProblem(
    user === undefined
      ? `${displayPath(executable)} cannot be run. Run "npm ci" to install it anew.`
      : `PostgreSQL must run as the user "${user.name}", who may not enter ${directory} or run ${executable}. ` +
          'Install setpriv (package util-linux), start as a user who is not root, or move the project to a directory ' +
          'that others may enter.',
  );
}

function launchThrough(wrap: Wrap): Launch {
  return function launch(program, args, { output, whenParentDies }) {
    const { command, args: allArgs, ...ids } = wrap(program, args, whenParentDies);
    return spawn(command, allArgs, {
      ...ids,
      cwd: '/', // ours may be closed to the other user
      env: ENVIRONMENT,
      detached: true,
      stdio: ['ignore', output, output],
    });
  };
}

function withSetpriv(user: OsUser | undefined, capability: string | undefined): Wrap {
  return (program, args, whenParentDies) => ({
    command: 'setpriv',
    args: [
      ...(user === undefined ? [] : [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups']),
      // PostgreSQL looks at its files with access(2), which ignores the capabilities of every user but root unless
      // the secure bit "no setuid fixup" is set.
      ...(capability === undefined
        ? []
        : [`--inh-caps=+${capability}`, `--ambient-caps=+${capability}`, '--securebits=+no_setuid_fixup']),
      // The kernel sends it when the thread that called spawn ends, so that not even kill -9 leaves a server behind.
      // Where setpriv is missing, the next start stops what was left (leftover-postgres.ts).
      `--pdeathsig=${whenParentDies.replace(/^SIG/, '')}`,
      '--',
      program,
      ...args,
    ],
  });
}

function directly(user: OsUser | undefined): Wrap {
  return (program, args) => ({
    command: program,
    args: [...args],
    ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
  });
}

async function canUse(wrap: Wrap, executable: string, directory: string): Promise<boolean> {
  const script = 'test -r "$1" && test -x "$1" && test -x "$2"';
  const launch = launchThrough(wrap);
  try {
    const child = launch('/bin/sh', ['-c', script, 'sh', executable, directory], {
      output: 'ignore',
      whenParentDies: 'SIGTERM',
    });
    const [code] = (await once(child, 'exit')) as [number | null];
    return code === 0;
  } catch {
    return false; // no setpriv, or it may not do what was asked
  }
}
