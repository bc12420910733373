import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newPerson } from '../support/people.ts';
import { refusalOf } from '../support/refusal.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

// Normalising takes time that grows with the square of a run of combining marks: this one would take most of a minute.
const MARKS = `a${'\u0301'.repeat(200_000)}${'\u0316'.repeat(200_000)}`;

describe('A text made to be slow', () => {
  let database: TestDatabase;
  let service: TestService;

  beforeAll(async () => {
    database = await createTestDatabase();
    service = await startService({ DATABASE_URL: database.serviceUrl });
  });
  afterAll(async () => {
    await service?.stop();
    await database?.drop();
  });

  it.each<[string, () => Promise<unknown>]>([
    [
      'CheckAvailability',
      () => service.accounts.checkAvailability({ contactType: 'second_login', value: MARKS }, deadline()),
    ],
    ['Register, second_login', () => service.auth.register(newPerson({ secondLogin: MARKS }), deadline())],
    ['Register, email', () => service.auth.register(newPerson({ email: `${MARKS}@example.com` }), deadline())],
    ['Register, password', () => service.auth.register(newPerson({ password: MARKS }), deadline())],
    ['Login, login', () => service.auth.login({ login: MARKS, password: 'wrong' }, deadline())],
    ['Login, password', () => service.auth.login({ login: 'somebody', password: MARKS }, deadline())],
  ])('is refused without being normalised: %s', async (_, call) => {
    expect(await refusalOf(call())).toMatchObject({ status: 'INVALID_ARGUMENT' });
  });
});

/** Far more than a refusal takes, far less than the text would. */
const deadline = () => ({ signal: AbortSignal.timeout(10_000) });
