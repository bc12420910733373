import { cleanText } from '../errors/clean-text.ts';
import type { FieldCheck } from '../errors/field-check.ts';

const MOST_ROLES = 20;
const LONGEST_ROLE = 63;

/**
 * Reads the roles of somebody who is taken in. A role that there is not is no bad field: it is refused as any other that the
 * caller may not give. Notes what is wrong; the result may be used after `throwIfAny`.
 */
export function readNewRoles(check: FieldCheck, roles: readonly string[]): readonly string[] {
  if (roles.length > MOST_ROLES) {
    check.refuse('roles', `must be at most ${MOST_ROLES}`);
    return [];
  }
  for (const [index, role] of roles.entries()) {
    if (cleanText(role, 1, LONGEST_ROLE) === null) check.refuse(`roles[${index}]`, 'must be the name of a role');
  }
  return [...new Set(roles)];
}
