import { execFile } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

export type ProcessRow = { readonly pid: number; readonly args: readonly string[] };

/**
 * The processes of this machine with their command lines. A process that ended and was not yet reaped by its parent is
 * left out: it no longer holds anything.
 *
 * Command lines are readable where `/proc/<pid>/cwd` and `/proc/<pid>/exe` are not: in a container, root may not look
 * into processes of other users.
 */
export async function listProcesses(): Promise<ProcessRow[]> {
  return process.platform === 'linux' ? listFromProc() : listFromPs();
}

async function listFromProc(): Promise<ProcessRow[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const rows = await Promise.all(
    pids.map(async (pid): Promise<ProcessRow | undefined> => {
      // It may have ended since the listing.
      const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      return commandLine === '' ? undefined : { pid: Number(pid), args: commandLine.replace(/\0+$/, '').split('\0') };
    }),
  );
  return rows.filter((row) => row !== undefined);
}

async function listFromPs(): Promise<ProcessRow[]> {
  // macOS has no /proc. Arguments with blanks fall apart here; the ones we look for have none of their own.
  const { stdout } = await run('ps', ['-axww', '-o', 'pid=,command='], { maxBuffer: 64 * 1024 * 1024 });
  return stdout
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(.*)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, pid, command]) => ({ pid: Number(pid), args: (command ?? '').split(' ') }));
}
