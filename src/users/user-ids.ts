import { createFieldCheck } from '../errors/field-check.ts';
import { isUuid } from '../tokens/uuid.ts';

const MOST_USERS = 100;

/**
 * The `user_id` of a request.
 * @throws INVALID_REQUEST
 */
export function readUserId(userId: string): string {
  const check = createFieldCheck();
  if (!isUuid(userId)) check.refuse('user_id', 'must be a UUID');
  check.throwIfAny();
  return userId;
}

/**
 * The `user_ids` of a request, in the spelling that they are stored in.
 * @throws INVALID_REQUEST
 */
export function readUserIds(userIds: readonly string[]): readonly string[] {
  const check = createFieldCheck();
  if (userIds.length === 0 || userIds.length > MOST_USERS) check.refuse('user_ids', `must be 1 to ${MOST_USERS}`);
  for (const [index, userId] of userIds.slice(0, MOST_USERS).entries()) {
    if (!isUuid(userId)) check.refuse(`user_ids[${index}]`, 'must be a UUID');
  }
  check.throwIfAny();
  return userIds.map((userId) => userId.toLowerCase());
}
