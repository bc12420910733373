import { randomUUID } from 'node:crypto';
import { Metadata } from 'nice-grpc';
import type { RegisterRequest } from '../../src/gen/auth/v1/auth_service.ts';
import type { TokenPair } from '../../src/gen/auth/v1/token.ts';
import { confirmContacts } from './challenges.ts';
import type { Clients } from './service.ts';
import type { TestDatabase } from './test-database.ts';

export const PASSWORD = 'correct horse battery staple';

let phones = 0;

/** A registration of somebody new. */
export function newPerson(overrides: Partial<RegisterRequest> = {}): RegisterRequest {
  // Unique within a database, which is one test file's: the process number keeps parallel files apart all the same.
  const phone = `+7999${String(process.pid % 1000).padStart(3, '0')}${String((phones += 1)).padStart(4, '0')}`;
  return {
    secondLogin: `person-${randomUUID().slice(0, 13)}`,
    phone,
    email: '',
    profile: undefined,
    password: PASSWORD,
    groupNames: [],
    interface: 'customer',
    idempotencyKey: '',
    guestAccessToken: '',
    ...overrides,
  };
}

/** Somebody who has registered. */
export async function register(clients: Pick<Clients, 'auth'>, overrides: Partial<RegisterRequest> = {}) {
  const request = newPerson(overrides);
  const response = await clients.auth.register(request);
  const { userId, roles, deviceToken } = response;
  return { ...request, userId, roles, deviceToken, tokens: tokensOf(response) };
}

/** Somebody who has registered, and has confirmed his phone and his e-mail address. */
export async function registerConfirmed(
  clients: Pick<Clients, 'auth'>,
  database: Pick<TestDatabase, 'query'>,
  overrides: Partial<RegisterRequest> = {},
) {
  const person = await register(clients, overrides);
  await confirmContacts(database, person.userId);
  return person;
}

/** The tokens of an answer, which must have some. */
export function tokensOf(answer: { tokens: TokenPair | undefined }): TokenPair {
  if (!answer.tokens) throw new Error('The answer has no tokens.');
  return answer.tokens;
}

/** Call options of somebody who is signed in. */
export function bearer(accessToken: string) {
  return { metadata: Metadata({ authorization: `Bearer ${accessToken}` }) };
}
