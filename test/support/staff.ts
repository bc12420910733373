import { register, tokensOf } from './people.ts';
import type { Clients } from './service.ts';
import type { TestDatabase } from './test-database.ts';

/** Somebody with roles that no registration gives, signed in: his access token names them. */
export async function signInAs(
  clients: Pick<Clients, 'auth'>,
  database: Pick<TestDatabase, 'query'>,
  ...roles: string[]
) {
  const person = await register(clients);
  for (const role of roles) {
    await database.query('insert into accounts.user_group_memberships (user_id, group_name) values ($1, $2)', [
      person.userId,
      role,
    ]);
  }
  const { refreshToken } = person.tokens;
  return { ...person, tokens: tokensOf(await clients.auth.refresh({ refreshToken })) };
}
