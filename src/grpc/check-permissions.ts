import { StartProblem } from '../errors/start-problem.ts';
import type { AccessRules } from './access.ts';

/**
 * @param permissions those that the database knows
 * @throws StartProblem for a method that names another: nobody could hold it, and nobody would learn why
 */
export function checkPermissions(rules: AccessRules, permissions: Iterable<string>): void {
  const known = new Set(permissions);
  const unknown = [...rules].filter(([, { permission }]) => permission !== '' && !known.has(permission));
  if (unknown.length > 0) {
    const named = unknown.map(([path, { permission }]) => `${permission} (${path.slice(1)})`);
    throw new StartProblem(
      `Methods name permissions that are not in accounts.permissions: ${named.join(', ')}. Run: npm run migrate`,
    );
  }
}
