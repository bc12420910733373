import { randomUUID } from 'node:crypto';
import type { RegisterRequest } from '../../src/gen/auth/v1/auth_service.ts';
import { confirmContacts } from './challenges.ts';
import { bearer, register } from './people.ts';
import type { Clients } from './service.ts';
import type { TestDatabase } from './test-database.ts';

/** Somebody with a second_login, a phone and an e-mail address, all confirmed, who is signed in. */
export async function accountHolder(
  clients: Pick<Clients, 'auth'>,
  database: Pick<TestDatabase, 'query'>,
  overrides: Partial<RegisterRequest> = {},
) {
  const person = await register(clients, { email: newEmail(), ...overrides });
  await confirmContacts(database, person.userId);
  return { ...person, as: bearer(person.tokens.accessToken) };
}

export function newEmail(): string {
  return `${randomUUID()}@example.com`;
}
