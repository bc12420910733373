import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outcomeOf } from '../support/outcome.ts';
import { newPerson } from '../support/people.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

describe('A replica whose database is migrated under it', () => {
  let database: TestDatabase;
  let service: TestService;
  beforeAll(async () => {
    database = await createTestDatabase();
    service = await startService({ DATABASE_URL: database.serviceUrl, DATABASE_POOL_SIZE: '2' });
  });
  afterAll(async () => {
    await service?.stop();
    await database?.drop();
  });

  it('asks for a repeat where a call had been prepared for the old form, once a connection, and goes on', async () => {
    const register = () => outcomeOf(service.auth.register(newPerson()));
    for (let call = 0; call < 6; call += 1) expect(await register()).toBe('OK');
    await database.query('alter table accounts.users add column shoe_size integer');
    const outcomes: string[] = [];
    for (let call = 0; call < 8; call += 1) outcomes.push(await register());
    expect(outcomes.filter((outcome) => outcome === 'UNAVAILABLE DEPENDENCY_UNAVAILABLE').length).toBeLessThanOrEqual(
      2,
    );
    expect(outcomes.slice(3)).toEqual(Array.from({ length: 5 }, () => 'OK'));
  });
});
