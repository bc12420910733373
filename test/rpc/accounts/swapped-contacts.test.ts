import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountHolder } from '../../support/account-holders.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';

describe("Two accounts that want each other's contact", () => {
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

  it('are both refused at once, 60 times at the same moment: neither waits for the other', async () => {
    const [one, other] = [await accountHolder(service, database), await accountHolder(service, database)];
    const calls = Array.from({ length: 60 }, () => [
      outcomeOf(service.accounts.addContact({ type: 'second_login', value: other.secondLogin }, one.as)),
      outcomeOf(service.accounts.addContact({ type: 'second_login', value: one.secondLogin }, other.as)),
    ]);
    // With a deadlock one of two ends with UNAVAILABLE after a second.
    expect(new Set(await Promise.all(calls.flat()))).toEqual(new Set(['ALREADY_EXISTS CONTACT_TAKEN']));
  });
});
