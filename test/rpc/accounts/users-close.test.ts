import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { UserState } from '../../../src/gen/accounts/v1/user.ts';
import { accountHolder, newEmail } from '../../support/account-holders.ts';
import { auditOfUser } from '../../support/audit.ts';
import { confirmContacts, putChallenge } from '../../support/challenges.ts';
import { addRoleHolder, roleHolder } from '../../support/delegation.ts';
import { MEANT_STATE } from '../../support/messages.ts';
import type { RoleHolder } from '../../support/organisations.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { PASSWORD, newPerson, register } from '../../support/people.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { openSession } from '../../support/sessions.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import { problemOf } from '../../support/validation.ts';
import { untilWaiting } from '../../sql/functions/waiting.ts';

let database: TestDatabase;
let first: TestService;
let second: TestService;
let superadmin: RoleHolder;
beforeAll(async () => {
  database = await createTestDatabase();
  const settings = { DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl') };
  first = await startService(settings);
  second = await startService(settings);
  superadmin = await roleHolder(first, database, 'superadmin');
});
afterAll(async () => {
  await first?.stop();
  await second?.stop();
  await database?.drop();
});

const of = (userId: string) => [{ userId }, superadmin.as] as const;
const deactivate = (userId: string) => first.usersAdmin.deactivateUser(...of(userId));
const reactivate = async (userId: string) => (await first.usersAdmin.reactivateUser(...of(userId))).user;
const remove = (userId: string) => first.usersAdmin.deleteUser(...of(userId));
const restore = async (userId: string) => (await first.usersAdmin.restoreUser(...of(userId))).user;
const login = (name: string) => outcomeOf(second.auth.login({ login: name, password: PASSWORD }));
const actionsOf = async (userId: string) => (await auditOfUser(database, userId)).map(({ action }) => action);
const closings = [
  ['DeactivateUser', deactivate, UserState.DEACTIVATED, 'account.deactivated', 'account_deactivated'],
  ['DeleteUser', remove, UserState.DELETED, 'user.deleted', 'account_deleted'],
] as const;

describe.each(closings)('%s', (_name, close, state, action, trigger) => {
  it('ends everything: sessions, tokens, codes and links, and nothing logs in any more', async () => {
    const holder = await accountHolder(first, database);
    const sent = { contactType: 'email', contact: holder.email, userId: holder.userId };
    const link = await putChallenge(database, { ...sent, purpose: 'password_reset', method: 'link' });
    const code = await putChallenge(database, { ...sent, purpose: 'code_login', method: 'code' });
    const { accessToken, refreshToken } = holder.tokens;
    expect(await problemOf(second, accessToken)).toBeNull();

    const answer = await close(holder.userId);
    expect(answer).toMatchObject({ endedSessions: 1, user: { userId: holder.userId, state } });
    expect(answer.revision).toBeGreaterThan(0);
    for (const replica of [first, second]) expect(await problemOf(replica, accessToken)).toBe('TOKEN_REVOKED');
    expect(await outcomeOf(second.auth.refresh({ refreshToken }))).toBe('UNAUTHENTICATED SESSION_ENDED');
    expect(await outcomeOf(second.accounts.getProfile({}, holder.as))).toBe('UNAUTHENTICATED TOKEN_REVOKED');
    const reset = second.passwords.finishPasswordReset({
      proof: { $case: 'token', value: link.token },
      newPassword: 'another correct horse',
    });
    expect(await outcomeOf(reset)).toBe('INVALID_ARGUMENT LINK_INVALID');
    const codeLogin = second.auth.finishCodeLogin({ handle: code.handle, code: code.code, interface: 'customer' });
    expect(await outcomeOf(codeLogin)).toBe('FAILED_PRECONDITION CODE_EXPIRED');
    // Exactly like somebody unknown.
    const refusals = await Promise.all(
      [holder.email, newEmail()].map(async (name) => ({
        ...(await refusalOf(second.auth.login({ login: name, password: PASSWORD }))),
        requestId: null,
      })),
    );
    expect(refusals[0]).toMatchObject({ reason: 'CREDENTIALS_INVALID' });
    expect(refusals[0]).toEqual(refusals[1]);
    for (const start of [
      () => second.auth.startCodeLogin({ contact: holder.email }),
      () => second.passwords.startPasswordReset({ contact: holder.email }),
    ]) {
      expect(await outcomeOf(start())).toBe('OK');
    }
    const messages = await database.query(
      `select template, ${MEANT_STATE} as state, user_id from auth.messages where recipient = $1 order by id`,
      [holder.email],
    );
    expect(messages).toEqual([
      { template: 'account_deactivated', state: 'enqueued', user_id: holder.userId },
      { template: 'code_login', state: 'suppressed', user_id: null },
      { template: 'password_reset', state: 'suppressed', user_id: null },
    ]);
  });

  it('is in the audit with who did it, and a repeat changes nothing but answers with a revision', async () => {
    const userId = await addRoleHolder(database.query, 'customer');
    await openSession(database, userId);
    const once = await close(userId);
    const again = await close(userId);
    expect(again).toEqual({ ...once, endedSessions: 0, revision: again.revision });
    expect(again.revision).toBeGreaterThanOrEqual(once.revision);
    expect(await auditOfUser(database, userId)).toEqual([
      {
        action,
        actor_id: superadmin.userId,
        data: action === 'account.deactivated' ? { deactivated_by: superadmin.userId } : {},
      },
      { action: 'session.ended', actor_id: superadmin.userId, data: { trigger, ended_sessions: 1 } },
    ]);
  });

  it('from 8 calls at once closes it once', async () => {
    const userId = await addRoleHolder(database.query, 'customer');
    await Promise.all(Array.from({ length: 8 }, () => close(userId)));
    expect(await actionsOf(userId)).toEqual([action]);
  });

  it('of 100 users holds on the other replica when it has answered: 0 positives', async () => {
    const people = await Promise.all(Array.from({ length: 100 }, () => roleHolder(first, database, 'customer')));
    await Promise.all(people.map(({ tokens }) => second.auth.validateToken({ accessToken: tokens.accessToken })));
    let positives = 0;
    await Promise.all(
      people.map(async ({ userId, tokens }) => {
        await close(userId);
        if ((await problemOf(second, tokens.accessToken)) !== 'TOKEN_REVOKED') positives += 1;
      }),
    );
    expect(positives).toBe(0);
  });

  it('at the same moment as 8 logins leaves no session alive', async () => {
    const holder = await accountHolder(first, database);
    const logins = Array.from({ length: 8 }, () =>
      second.auth.login({ login: holder.email, password: PASSWORD }).catch(() => null),
    );
    await first.accounts.getProfile({}, holder.as);
    await close(holder.userId);
    await Promise.all(logins);
    const alive = await database.query('select from auth.sessions where user_id = $1 and ended_at is null', [
      holder.userId,
    ]);
    expect(alive).toHaveLength(0);
  });
});

describe('A deleted account', () => {
  it('is not closed or opened: it has to be restored first', async () => {
    const userId = await addRoleHolder(database.query);
    await remove(userId);
    for (const call of [deactivate, reactivate]) {
      expect(await refusalOf(call(userId))).toMatchObject({ status: 'FAILED_PRECONDITION', reason: 'USER_DELETED' });
    }
  });

  it('that was open is open again when it is restored, and one that was closed is closed', async () => {
    const [open, closed] = [await addRoleHolder(database.query, 'driver'), await addRoleHolder(database.query)];
    const { user: before } = await deactivate(closed);
    for (const userId of [open, closed]) await remove(userId);
    expect(await restore(open)).toMatchObject({
      ...{ state: UserState.ACTIVE, deactivateTime: undefined, deleteTime: undefined },
      roles: [{ role: 'driver', organisationId: '' }],
    });
    expect(await restore(closed)).toMatchObject({
      state: UserState.DEACTIVATED,
      deactivateTime: before?.deactivateTime,
      deleteTime: undefined,
    });
    expect(await reactivate(closed)).toMatchObject({ state: UserState.ACTIVE, deactivateTime: undefined });
    expect(await actionsOf(closed)).toEqual([
      'account.deactivated',
      'user.deleted',
      'user.restored',
      'user.reactivated',
    ]);
    for (const userId of [open, closed]) {
      const [row] = await database.query(
        'select deactivated_by, deleted_by, contacts_released_at from accounts.users where id = $1',
        [userId],
      );
      expect(row).toEqual({ deactivated_by: null, deleted_by: null, contacts_released_at: null });
    }
  });
});

describe('ReactivateUser and RestoreUser', () => {
  it('let the owner log in again, with his old password, and bring no old token back', async () => {
    for (const [close, open] of [
      [deactivate, reactivate],
      [remove, restore],
    ] as const) {
      const holder = await accountHolder(first, database);
      await close(holder.userId);
      expect(await login(holder.email)).toBe('UNAUTHENTICATED CREDENTIALS_INVALID');
      await open(holder.userId);
      expect(await login(holder.email)).toBe('OK');
      expect(await problemOf(second, holder.tokens.accessToken)).toBe('TOKEN_REVOKED');
      expect(await outcomeOf(first.auth.refresh({ refreshToken: holder.tokens.refreshToken }))).toBe(
        'UNAUTHENTICATED SESSION_ENDED',
      );
    }
  });

  it('of an open account change nothing and are no event', async () => {
    const userId = await addRoleHolder(database.query);
    const before = (await first.usersAdmin.getUser(...of(userId))).user;
    expect(await reactivate(userId)).toEqual(before);
    expect(await restore(userId)).toEqual(before);
    expect(await actionsOf(userId)).toEqual([]);
  });

  /** As the clean-up does when the reservation is over. */
  const release = async (userId: string, column: string) => {
    await database.query(`update accounts.users set ${column} = now() - interval '90 days' where id = $1`, [userId]);
    await database.query(`select accounts.release_contacts(1000, interval '90 days')`);
  };

  it.each([
    ['reactivated', deactivate, reactivate, 'deactivated_at'],
    ['restored', remove, restore, 'deleted_at'],
  ] as const)('bring back the contacts that nobody has taken: %s', async (_how, close, open, column) => {
    const holder = await accountHolder(first, database);
    // Given up before: it stays history.
    const old = newPerson().secondLogin;
    await database.query(
      `insert into accounts.user_contacts (user_id, type, value, confirmed_at, is_active, deactivated_at)
       values ($1, 'second_login', $2, now(), false, now() - interval '1 day')`,
      [holder.userId, old],
    );
    // Claimed by him only, and shown to be somebody else's.
    const claimed = (await accountHolder(first, database)).email;
    await database.query(`insert into accounts.user_contacts (user_id, type, value) values ($1, 'email', $2)`, [
      holder.userId,
      claimed,
    ]);
    await close(holder.userId);
    await release(holder.userId, column);
    const heir = await register(first, newPerson({ phone: holder.phone }));
    await confirmContacts(database, heir.userId);
    // Somebody has claimed the address, and not shown that it is his.
    await register(first, newPerson({ email: holder.email }));

    const user = await open(holder.userId);
    expect(user?.contacts.map(({ type, value, primary, confirmed }) => [type, value, primary, confirmed])).toEqual([
      ['email', holder.email, true, true],
      ['second_login', holder.secondLogin, true, true],
    ]);
    for (const name of [holder.email, holder.secondLogin]) expect(await login(name)).toBe('OK');
    const owners = await database.query<{ user_id: string }>(
      'select user_id from accounts.user_contacts where value = $1 and is_active and confirmed_at is not null',
      [holder.phone],
    );
    expect(owners).toEqual([{ user_id: heir.userId }]);
    // Closed once more, they are released once more.
    await close(holder.userId);
    await release(holder.userId, column);
    expect((await first.accounts.checkAvailability({ contactType: 'email', value: holder.email })).available).toBe(
      true,
    );
  });

  it('leave a contact to somebody who confirms it at this moment', async () => {
    const holder = await accountHolder(first, database);
    const heir = await addRoleHolder(database.query, 'customer');
    await deactivate(holder.userId);
    await release(holder.userId, 'deactivated_at');
    const client = new pg.Client({ connectionString: database.ownerUrl });
    await client.connect();
    try {
      await client.query('begin');
      await client.query(
        `insert into accounts.user_contacts (user_id, type, value, confirmed_at) values ($1, 'email', $2, now())`,
        [heir, holder.email],
      );
      const opened = reactivate(holder.userId);
      await untilWaiting(database.query, 'accounts.reactivate_user');
      await client.query('commit');
      expect((await opened)?.contacts.map(({ type }) => type)).toEqual(['phone', 'second_login']);
    } finally {
      await client.end();
    }
  });

  it('leave the contacts of a closed account free that was deleted and restored', async () => {
    const holder = await accountHolder(first, database);
    await deactivate(holder.userId);
    await release(holder.userId, 'deactivated_at');
    await remove(holder.userId);
    expect((await restore(holder.userId))?.contacts).toEqual([]);
    expect((await reactivate(holder.userId))?.contacts).toHaveLength(3);
  });

  it('and 30 registrations of the same contact at the same moment: one has it, and nobody is kept from the rest', async () => {
    for (let round = 0; round < 5; round += 1) {
      const secondLogin = newPerson().secondLogin;
      const { user } = await first.usersAdmin.createUser(
        {
          contacts: [
            { type: 'second_login', value: secondLogin },
            { type: 'email', value: newEmail() },
          ],
        },
        superadmin.as,
      );
      const userId = user?.userId ?? '';
      await deactivate(userId);
      await release(userId, 'deactivated_at');
      const claims = Array.from({ length: 6 }, () =>
        outcomeOf(
          second.usersAdmin.createUser({ contacts: [{ type: 'second_login', value: secondLogin }] }, superadmin.as),
        ),
      );
      const opened = await reactivate(userId);
      const outcomes = await Promise.all(claims);
      const winners = outcomes.filter((outcome) => outcome === 'OK').length;
      expect(outcomes.filter((outcome) => outcome === 'ALREADY_EXISTS CONTACT_TAKEN')).toHaveLength(6 - winners);
      expect(winners + (opened?.contacts.filter(({ value }) => value === secondLogin).length ?? 0)).toBe(1);
      expect(opened?.contacts.filter(({ type }) => type === 'email')).toHaveLength(1);
    }
  });
});
