import { randomUUID } from 'node:crypto';
import type { FinishRegistrationRequest } from '../../src/gen/auth/v1/registration_service.ts';
import { latestLinkToken } from './challenges.ts';
import { PASSWORD } from './people.ts';
import type { Clients } from './service.ts';
import type { TestDatabase } from './test-database.ts';

/** An address that nobody has. */
export const newEmail = () => `${randomUUID()}@example.com`;

/** What somebody types who has followed the link of a registration mail. */
export function newForm(token: string, overrides: Partial<FinishRegistrationRequest> = {}): FinishRegistrationRequest {
  return {
    token,
    displayName: 'Ada Lovelace',
    country: 'GB',
    password: PASSWORD,
    secondLogin: '',
    phone: '',
    interface: 'customer',
    groupNames: [],
    language: '',
    profile: undefined,
    guestAccessToken: '',
    ...overrides,
  };
}

/** The token of the mail that a registration begins with. */
export async function beginRegistration(
  clients: Pick<Clients, 'registration'>,
  database: Pick<TestDatabase, 'query'>,
  email = newEmail(),
): Promise<string> {
  await clients.registration.startRegistration({ email });
  return await latestLinkToken(database, email);
}
