import { closeSync, fstatSync, mkdirSync, openSync, readSync } from 'node:fs';
import { dirname } from 'node:path';

const MOST_QUOTED_BYTES = 8_192;
const QUOTED_LINES = 12;

/** The file PostgreSQL writes to. It is appended to and never rotated here; it is readable by its owner only. */
export type ServerLog = {
  readonly path: string;
  /** For handing to a child process as its output. */
  readonly fd: number;
  /**
   * The last lines written since `openServerLog`, for a message to a person; at most 12 lines. Empty when the file is
   * gone: this is called while failing, and must not fail as well.
   */
  lastLines(): string;
  /** Closes our side; children keep theirs. `lastLines` still works. */
  close(): void;
};

/** Not `async`: one small file at start, and `lastLines` is wanted in the middle of failing. */
export function openServerLog(path: string): ServerLog {
  mkdirSync(dirname(path), { recursive: true });
  const fd = openSync(path, 'a', 0o600);
  const begin = fstatSync(fd).size;
  let open = true;

  return {
    path,
    fd,
    lastLines() {
      try {
        return readFrom(path, begin).trimEnd().split('\n').slice(-QUOTED_LINES).join('\n');
      } catch {
        return '';
      }
    },
    close() {
      if (open) closeSync(fd);
      open = false;
    },
  };
}

function readFrom(path: string, begin: number): string {
  const fd = openSync(path, 'r');
  try {
    const end = fstatSync(fd).size;
    const from = Math.max(begin, end - MOST_QUOTED_BYTES);
    const buffer = Buffer.alloc(Math.max(0, end - from));
    readSync(fd, buffer, 0, buffer.length, from);
    return buffer.toString('utf8');
  } finally {
    closeSync(fd);
  }
}
