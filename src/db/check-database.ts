import type { AuthFunctions } from './auth-functions.ts';
import { AppError } from '../errors/app-error.ts';
import { StartProblem } from '../errors/start-problem.ts';

/** undefined_function, invalid_schema_name, insufficient_privilege (on a schema that is not ours yet). */
const NOT_MIGRATED = new Set(['42883', '3F000', '42501']);

/**
 * Refuses to start on a database that is not there, is not migrated, or lets the service do more than call functions.
 * @throws StartProblem
 */
export async function checkDatabase({ auth }: { auth: Pick<AuthFunctions, 'listOwnPrivileges'> }): Promise<void> {
  const tables = await auth.listOwnPrivileges().catch((error: unknown) => {
    if (isNotMigrated(error)) throw notMigrated(error);
    if (error instanceof AppError) {
      throw new StartProblem(`PostgreSQL (DATABASE_URL) does not answer: ${(error.cause as Error).message}`);
    }
    throw new StartProblem(`PostgreSQL (DATABASE_URL) refuses: ${(error as Error).message}`);
  });
  if (tables.length > 0) {
    throw new StartProblem(
      `The role in DATABASE_URL has rights on tables (${tables.slice(0, 3).join(', ')}); it must have none. Use auth_service.`,
    );
  }
}

/**
 * What is read at the start, of a database that may be older than the service.
 * @throws StartProblem
 */
export async function orNotMigrated<T>(reading: Promise<T>): Promise<T> {
  return await reading.catch((error: unknown) => {
    throw isNotMigrated(error) ? notMigrated(error) : error;
  });
}

/** Whether PostgreSQL lacks what this version calls. */
function isNotMigrated(error: unknown): boolean {
  return NOT_MIGRATED.has((error as { code?: string }).code ?? '');
}

function notMigrated(cause: unknown): StartProblem {
  return new StartProblem('The database has not been migrated for this version. Run: npm run migrate', { cause });
}
