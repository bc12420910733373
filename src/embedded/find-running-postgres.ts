import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { StartProblem } from '../errors/start-problem.ts';

/**
 * The port of the PostgreSQL that runs on a data directory.
 * @throws StartProblem when none does
 */
export async function findRunningPostgres(dataDir: string): Promise<number> {
  // The fourth line of postmaster.pid is the port, the eighth says whether it is ready.
  const lines = await readFile(path.join(dataDir, 'postmaster.pid'), 'utf8').then(
    (text) => text.split('\n'),
    () => [],
  );
  const port = Number(lines[3]);
  if (!port || lines[7]?.trim() !== 'ready') {
    throw new StartProblem('The embedded PostgreSQL does not run. Start it with npm start, or set DATABASE_OWNER_URL.');
  }
  return port;
}
