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
    if (NOT_MIGRATED.has((error as { code?: string }).code ?? '')) {
      throw new StartProblem('The database has not been migrated. Run: npm run migrate');
    }
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
