import { createFieldCheck } from '../errors/field-check.ts';
import { readId } from '../fields/ids.ts';

const MOST_USERS = 100;

/**
 * The `user_id` of a request.
 * @throws INVALID_REQUEST
 */
export function readUserId(userId: string): string {
  const check = createFieldCheck();
  const id = readId(check, 'user_id', userId);
  check.throwIfAny();
  return id;
}

/**
 * The `user_ids` of a request, in the spelling that they are stored in.
 * @throws INVALID_REQUEST
 */
export function readUserIds(userIds: readonly string[]): readonly string[] {
  const check = createFieldCheck();
  if (userIds.length === 0 || userIds.length > MOST_USERS) check.refuse('user_ids', `must be 1 to ${MOST_USERS}`);
  const ids = userIds.slice(0, MOST_USERS).map((userId, index) => readId(check, `user_ids[${index}]`, userId));
  check.throwIfAny();
  return ids;
}
