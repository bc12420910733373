import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountHolder } from '../../support/account-holders.ts';
import { auditOfUser } from '../../support/audit.ts';
import { confirmContacts, latestCode, latestLinkToken } from '../../support/challenges.ts';
import { addRoleHolder, roleHolder } from '../../support/delegation.ts';
import { MEANT_STATE } from '../../support/messages.ts';
import { giveEmail } from '../../support/organisations.ts';
import type { RoleHolder } from '../../support/organisations.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { PASSWORD, newPerson, register } from '../../support/people.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import { untilWaiting } from '../../sql/functions/waiting.ts';

const NEW_PASSWORD = 'a quite different horse';

let database: TestDatabase;
let service: TestService;
let support: RoleHolder;
beforeAll(async () => {
  database = await createTestDatabase();
  service = await startService({ DATABASE_URL: database.serviceUrl, MESSAGES_PER_ADDRESS: '1000000' });
  support = await roleHolder(service, database, 'support');
});
afterAll(async () => {
  await service?.stop();
  await database?.drop();
});

const reset = (userId: string) => service.usersAdmin.resetUserPassword({ userId }, support.as);
const login = (name: string, password: string) => outcomeOf(service.auth.login({ login: name, password }));
const NOT_REACHABLE = { status: 'FAILED_PRECONDITION', reason: 'USER_NOT_REACHABLE' };

describe('ResetUserPassword', () => {
  it('mails the user a link with which he sets a new password; the old one goes on until then', async () => {
    const holder = await accountHolder(service, database);
    const answer = await reset(holder.userId);
    expect(answer).toEqual({ sentTo: `${holder.email.charAt(0)}***@example.com` });
    expect(await login(holder.email, PASSWORD)).toBe('OK');
    const token = await latestLinkToken(database, holder.email);
    expect(JSON.stringify([answer, service.logLines])).not.toContain(token);
    await service.passwords.finishPasswordReset({
      proof: { $case: 'token', value: token },
      newPassword: NEW_PASSWORD,
    });
    expect(await login(holder.email, PASSWORD)).toBe('UNAUTHENTICATED CREDENTIALS_INVALID');
    expect(await login(holder.email, NEW_PASSWORD)).toBe('OK');
    const [entry, ...others] = await auditOfUser(database, holder.userId);
    expect(entry).toEqual({
      ...{ action: 'user.password_reset_sent', actor_id: support.userId, data: { contact_type: 'email' } },
    });
    expect(others.filter(({ actor_id }) => actor_id === support.userId)).toEqual([]);
  });

  it('sends a code where there is only a phone', async () => {
    const { userId, phone } = await register(service);
    await confirmContacts(database, userId);
    const answer = await reset(userId);
    expect(answer.sentTo).toBe(`${phone.slice(0, 3)}*****${phone.slice(-2)}`);
    const [challenge] = await database.query<{ id: string }>('select id from auth.challenges where contact = $1', [
      phone,
    ]);
    const code = { handle: challenge?.id ?? '', code: await latestCode(database, phone) };
    await service.passwords.finishPasswordReset({ proof: { $case: 'code', value: code }, newPassword: NEW_PASSWORD });
    expect(await login(phone, NEW_PASSWORD)).toBe('OK');
  });

  it('gives an account without a password its first one', async () => {
    const userId = await addRoleHolder(database.query, 'customer');
    const email = await giveEmail(database, userId);
    await confirmContacts(database, userId);
    await reset(userId);
    const token = await latestLinkToken(database, email);
    await service.passwords.finishPasswordReset({ proof: { $case: 'token', value: token }, newPassword: NEW_PASSWORD });
    expect(await login(email, NEW_PASSWORD)).toBe('OK');
  });

  it('is refused for 60 s, and the refusal is no event', async () => {
    const holder = await accountHolder(service, database);
    await reset(holder.userId);
    const refusal = await refusalOf(reset(holder.userId));
    expect(refusal).toMatchObject({ status: 'RESOURCE_EXHAUSTED', reason: 'MESSAGES_THROTTLED' });
    expect(refusal.retryAfterSeconds).toBeGreaterThan(50);
    expect(await auditOfUser(database, holder.userId)).toHaveLength(1);
  });

  it('is counted with strangers: the user’s own device is not kept from asking', async () => {
    const holder = await accountHolder(service, database);
    await reset(holder.userId);
    const asked = { contact: holder.email };
    expect(await outcomeOf(service.passwords.startPasswordReset(asked))).toBe('RESOURCE_EXHAUSTED MESSAGES_THROTTLED');
    const { deviceToken } = holder;
    expect(await outcomeOf(service.passwords.startPasswordReset({ ...asked, deviceToken }))).toBe('OK');
  });

  it('is refused to phones of other countries, and that is no event', async () => {
    const userId = await addRoleHolder(database.query, 'customer');
    await database.query(
      `insert into accounts.user_contacts (user_id, type, value, confirmed_at, is_primary)
       values ($1, 'phone', '+8801712345678', now(), true)`,
      [userId],
    );
    expect(await refusalOf(reset(userId))).toMatchObject({
      status: 'INVALID_ARGUMENT',
      reason: 'PHONE_COUNTRY_NOT_ALLOWED',
    });
    expect(await auditOfUser(database, userId)).toEqual([]);
  });

  it('is refused where nothing can be sent: no contact, none that is confirmed, a closed account, a guest', async () => {
    const named = await register(service, newPerson({ email: `${randomUUID()}@example.com` }));
    expect(await refusalOf(reset(named.userId))).toMatchObject(NOT_REACHABLE);
    const closed = await accountHolder(service, database);
    await service.accounts.deactivateAccount({}, closed.as);
    expect(await refusalOf(reset(closed.userId))).toMatchObject(NOT_REACHABLE);
    const { userId: guestId } = await service.auth.startGuestSession({ interface: 'customer' });
    expect(await refusalOf(reset(guestId))).toMatchObject(NOT_REACHABLE);
    const sent = await database.query(
      `select ${MEANT_STATE} as state from auth.messages where template = 'password_reset' and user_id = any ($1)`,
      [[named.userId, closed.userId, guestId]],
    );
    expect(sent).toEqual([]);
  });

  it('is refused for a deleted account, and for nobody', async () => {
    const holder = await accountHolder(service, database);
    await database.query('update accounts.users set deleted_at = now() where id = $1', [holder.userId]);
    expect(await refusalOf(reset(holder.userId))).toMatchObject({
      status: 'FAILED_PRECONDITION',
      reason: 'USER_DELETED',
    });
    expect(await refusalOf(reset(randomUUID()))).toMatchObject({ status: 'NOT_FOUND', reason: 'USER_NOT_FOUND' });
    expect(await refusalOf(reset('x'))).toMatchObject({ reason: 'INVALID_REQUEST', fields: ['user_id'] });
  });

  it('behind the user’s own StartPasswordReset waits for it, and neither for the other', async () => {
    const holder = await accountHolder(service, database);
    const client = new pg.Client({ connectionString: database.ownerUrl });
    await client.connect();
    try {
      // Holds the user's own call where it has begun, and has not looked at the account yet.
      await client.query('begin');
      await client.query(`insert into auth.message_quotas (subject, used, expires_at) values ($1, 0, now())`, [
        `contact:${holder.email}`,
      ]);
      const own = outcomeOf(service.passwords.startPasswordReset({ contact: holder.email }));
      await untilWaiting(database.query, 'auth.start_challenge');
      const theirs = outcomeOf(reset(holder.userId));
      await expect
        .poll(async () => await database.query(`select from pg_locks where locktype = 'advisory' and not granted`), {
          timeout: 10_000,
        })
        .toHaveLength(1);
      await client.query('rollback');
      expect([await own, await theirs]).toEqual(['OK', 'RESOURCE_EXHAUSTED MESSAGES_THROTTLED']);
    } finally {
      await client.end();
    }
  });

  it('beside the user’s own StartPasswordReset, 100 times at once: none is a deadlock', async () => {
    const holder = await accountHolder(service, database);
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        outcomeOf(
          index % 2 === 0 ? reset(holder.userId) : service.passwords.startPasswordReset({ contact: holder.email }),
        ),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === 'OK')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'RESOURCE_EXHAUSTED MESSAGES_THROTTLED')).toHaveLength(99);
  });
});
