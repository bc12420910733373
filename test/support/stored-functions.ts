import { createAuthFunctions } from '../../src/db/auth-functions.ts';
import type { AuthFunctions } from '../../src/db/auth-functions.ts';
import type { TestDatabase } from './test-database.ts';

/** The functions of schema auth, called beside the service. */
export function authFunctionsOf(database: Pick<TestDatabase, 'query'>): AuthFunctions {
  return createAuthFunctions(async <Row>(name: string, args: readonly unknown[]) => {
    const places = args.map((_, index) => `$${index + 1}`).join(', ');
    return (await database.query(`select * from ${name}(${places})`, [...args])) as Row[];
  });
}
