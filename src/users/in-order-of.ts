import type { StoredUser } from '../db/stored-user.ts';

/** The users with these ids, in their order; an id of nobody is passed over. */
export function inOrderOf(userIds: Iterable<string>, users: readonly StoredUser[]): readonly StoredUser[] {
  const byId = new Map(users.map((user) => [user.id, user]));
  return [...userIds].flatMap((userId) => byId.get(userId) ?? []);
}
