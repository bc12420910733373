import { randomUUID } from 'node:crypto';
import { Metadata } from 'nice-grpc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountHolder } from '../support/account-holders.ts';
import { outcomeOf } from '../support/outcome.ts';
import { bearer } from '../support/people.ts';
import { refusalOf } from '../support/refusal.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { signInAs } from '../support/staff.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

const LIMITED = 'RESOURCE_EXHAUSTED RATE_LIMITED';

describe('What one user, or one address, may ask for in a minute', () => {
  let database: TestDatabase;
  let service: TestService;
  beforeAll(async () => {
    database = await createTestDatabase();
    service = await startService({
      DATABASE_URL: database.serviceUrl,
      USER_CALLS_PER_MINUTE: '20',
      GUESTS_PER_MINUTE: '5',
      ROLE_CHANGES_PER_MINUTE: '5',
      AVAILABILITY_CHECKS_PER_MINUTE: '5',
    });
  });
  afterAll(async () => {
    await service?.stop();
    await database?.drop();
  });
  const outcomes = async (count: number, call: (index: number) => Promise<unknown>) =>
    await Promise.all(Array.from({ length: count }, (_, index) => outcomeOf(call(index))));

  it('are 20 USER calls, of whatever kind, and others are not concerned', async () => {
    const [busy, quiet] = [await accountHolder(service, database), await accountHolder(service, database)];
    const all = await outcomes(40, (index) =>
      index % 2 === 0 ? service.accounts.getProfile({}, busy.as) : service.accounts.listContacts({}, busy.as),
    );
    expect(all.filter((outcome) => outcome === 'OK')).toHaveLength(20);
    expect(all.filter((outcome) => outcome === LIMITED)).toHaveLength(20);
    expect((await refusalOf(service.accounts.getProfile({}, busy.as))).retryAfterSeconds).toBeGreaterThan(0);
    expect(await outcomeOf(service.accounts.getProfile({}, quiet.as))).toBe('OK');
    // Whoever has used them up cannot keep the owner from logging out.
    expect(await outcomeOf(service.auth.logout({}, busy.as))).toBe('OK');
  });

  it('are 20 calls of an administrator, of whatever kind', async () => {
    const { tokens } = await signInAs(service, database, 'superadmin');
    const as = bearer(tokens.accessToken);
    const all = await outcomes(30, (index) =>
      index % 2 === 0 ? service.usersAdmin.listUsers({}, as) : service.accounts.listContacts({}, as),
    );
    expect(all.filter((outcome) => outcome === 'OK')).toHaveLength(20);
    expect(all.filter((outcome) => outcome === LIMITED)).toHaveLength(10);
  });

  it('are 5 attempts to give or take roles, of all kinds together, each of which is written down', async () => {
    const person = await accountHolder(service, database);
    const asked = { userId: randomUUID(), role: 'driver' };
    const all = await outcomes(9, (index) =>
      index % 2 === 0 ? service.roles.grantRole(asked, person.as) : service.roles.revokeRole(asked, person.as),
    );
    expect(all.filter((outcome) => outcome === 'PERMISSION_DENIED ROLE_NOT_GRANTABLE')).toHaveLength(5);
    expect(all.filter((outcome) => outcome === LIMITED)).toHaveLength(4);
  });

  it('never keep the owner of a token from ending sessions', async () => {
    const busy = await accountHolder(service, database);
    const { sessions } = await service.sessions.listSessions({}, busy.as);
    await outcomes(25, () => service.accounts.getProfile({}, busy.as));
    expect(await outcomeOf(service.accounts.getProfile({}, busy.as))).toBe(LIMITED);
    expect(await outcomeOf(service.sessions.endOtherSessions({}, busy.as))).toBe('OK');
    const sessionId = sessions[0]?.sessionId ?? '';
    expect(await outcomeOf(service.sessions.endSession({ sessionId }, busy.as))).toBe('OK');
  });

  it('are 5 questions whether somebody has a second_login, by adding it', async () => {
    const [one, other] = [await accountHolder(service, database), await accountHolder(service, database)];
    const all = await outcomes(8, () =>
      service.accounts.addContact({ type: 'second_login', value: other.secondLogin }, one.as),
    );
    expect(all.filter((outcome) => outcome === 'ALREADY_EXISTS CONTACT_TAKEN')).toHaveLength(5);
    expect(all.filter((outcome) => outcome === LIMITED)).toHaveLength(3);
  });

  it('are 5 new guests from one address', async () => {
    const from = (address: string) => ({ metadata: Metadata({ 'x-forwarded-for': address }) });
    const all = await outcomes(8, () =>
      service.auth.startGuestSession({ interface: 'customer' }, from('203.0.113.77')),
    );
    expect(all.filter((outcome) => outcome === 'OK')).toHaveLength(5);
    expect(all.filter((outcome) => outcome === LIMITED)).toHaveLength(3);
    const elsewhere = service.auth.startGuestSession({ interface: 'customer' }, from('203.0.113.78'));
    expect(await outcomeOf(elsewhere)).toBe('OK');
  });
});
