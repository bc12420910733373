import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Metadata } from 'nice-grpc';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { UserState } from '../../../src/gen/accounts/v1/user.ts';
import { untilWaiting } from '../../sql/functions/waiting.ts';
import { accountHolder, newEmail } from '../../support/account-holders.ts';
import { auditOfUser } from '../../support/audit.ts';
import { roleHolder } from '../../support/delegation.ts';
import { mmdbOf } from '../../support/mmdb.ts';
import { giveEmail } from '../../support/organisations.ts';
import type { RoleHolder } from '../../support/organisations.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { PASSWORD, bearer, tokensOf } from '../../support/people.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { openSessions } from '../../support/sessions.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import { problemOf } from '../../support/validation.ts';

const ANDROID =
  'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36';
const FIND = 'accounts.v1.SupportService/FindUser';
const END = 'accounts.v1.SupportService/EndSessionsOfUser';

let database: TestDatabase;
let first: TestService;
let second: TestService;
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'auth-places-'));
  const places = path.join(directory, 'places.mmdb');
  const moscow = { country: { iso_code: 'RU' }, city: { names: { en: 'Moscow' } } };
  await writeFile(places, mmdbOf({ '203.0.113.0/24': moscow }));
  database = await createTestDatabase();
  const settings = { DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl') };
  first = await startService({ ...settings, GEOIP_DATABASE: places });
  second = await startService(settings);
});
afterAll(async () => {
  await first?.stop();
  await second?.stop();
  await database?.drop();
  await rm(directory, { recursive: true, force: true });
});

type As = RoleHolder['as'];
const staff = (role = 'support') => roleHolder(first, database, role);
const find = (contact: string, as: As) => first.support.findUser({ contact }, as);
const end = (userId: string, as: As, sessionId = '') => first.support.endSessionsOfUser({ userId, sessionId }, as);
const set = (userId: string, what: string) =>
  database.query(`update accounts.users set ${what} where id = $1`, [userId]);

const NOBODY = 'NOT_FOUND USER_NOT_FOUND';
const OUTRANKED = 'PERMISSION_DENIED USER_OUTRANKS_CALLER';
const REQUIRED = { status: 'PERMISSION_DENIED', reason: 'PERMISSION_REQUIRED' };

/** All that somebody has done, as the audit tells it. */
const auditBy = (actor: string) =>
  database.query<{ action: string; user_id: string | null; data: Record<string, unknown> }>(
    'select action, user_id, data from auth.audit_events where actor_id = $1 order by id',
    [actor],
  );

/** A transaction that holds somebody's row. */
async function holding(userId: string): Promise<pg.Client> {
  const holder = new pg.Client({ connectionString: database.ownerUrl });
  await holder.connect();
  await holder.query('begin');
  await holder.query('select from accounts.users where id = $1 for no key update', [userId]);
  return holder;
}

/** Everything that is written about somebody; and how much there is of what a refused call could have written. */
const stateOf = (userId: string) =>
  database.query(
    `select u.*, array(select s.id || coalesce(s.ended_at::text, '') from auth.sessions s where s.user_id = u.id order by 1) as sessions,
            (select count(*)::int from auth.audit_events e where e.user_id = u.id) as entries,
            (select count(*)::int from auth.revocations) as revocations
       from accounts.users u where u.id = $1`,
    [userId],
  );

describe('FindUser', () => {
  it('shows a person with masked contacts, his roles and where he is logged in', async () => {
    const support = await staff();
    const email = `anna-${newEmail()}`;
    const person = await accountHolder(first, database, { email });
    await set(person.userId, `display_name = 'Anna', bio = 'of the bio', profile = '{"secret": "of the product"}'`);
    await database.query(
      `insert into accounts.user_contacts (user_id, type, value) values ($1, 'email', 'claimed@example.com')`,
      [person.userId],
    );
    const metadata = Metadata({ 'x-user-agent': ANDROID, 'x-forwarded-for': '203.0.113.7' });
    const { sessionId } = tokensOf(
      await first.auth.login({ login: person.secondLogin, password: PASSWORD }, { metadata }),
    );

    const found = await find(person.phone, support.as);
    const ofRegistration = found.sessions.find((session) => session.sessionId === person.tokens.sessionId);
    expect(found).toEqual({
      userId: person.userId,
      state: UserState.ACTIVE,
      displayName: 'Anna',
      maskedContacts: [
        'a***@example.com',
        `${person.phone.slice(0, 3)}*****${person.phone.slice(-2)}`,
        `${person.secondLogin.slice(0, 1)}***`,
      ],
      roles: [{ role: 'customer', organisationId: '' }],
      createTime: expect.any(Date),
      sessions: [
        {
          ...{ sessionId, deviceName: 'Chrome on Android', userAgent: '', ipAddress: '' },
          ...{ location: { country: 'RU', city: 'Moscow' }, interface: '', current: false },
          ...{ createTime: expect.any(Date), lastActivityTime: expect.any(Date), expireTime: expect.any(Date) },
        },
        ofRegistration,
      ],
    });
    expect(ofRegistration).toMatchObject({ userAgent: '', ipAddress: '', interface: 'customer' });
    const said = JSON.stringify(found);
    for (const hidden of [
      person.phone,
      person.secondLogin,
      email,
      'claimed',
      'of the',
      '203.0.113',
      'Mozilla',
      '$2b$',
    ]) {
      expect(said).not.toContain(hidden);
    }
  });

  it('finds by every confirmed contact, in any spelling that a login takes', async () => {
    const support = await staff();
    const person = await accountHolder(first, database);
    const { phone, email, secondLogin } = person;
    const spellings = [
      ...[phone, `8 (${phone.slice(2, 5)}) ${phone.slice(5)}`],
      ...[email, ` ${email.toUpperCase()} `],
      ...[secondLogin, secondLogin.toUpperCase()],
    ];
    for (const spelling of spellings) expect((await find(spelling, support.as)).userId).toBe(person.userId);
    // The beginning of one finds nobody: nothing is searched.
    for (const part of [email.slice(1), secondLogin.slice(0, -1), `${secondLogin.slice(0, 5)}%`]) {
      expect(await outcomeOf(find(part, support.as))).toMatch(/^(NOT_FOUND USER_NOT_FOUND|INVALID_ARGUMENT INVALID_R)/);
    }
  });

  it('says of his own sessions which one asks', async () => {
    const support = await staff();
    const email = await giveEmail(database, support.userId);
    expect((await find(email, support.as)).sessions).toMatchObject([{ sessionId: support.sessionId, current: true }]);
  });

  it('finds whoever is deactivated, and says so', async () => {
    const support = await staff();
    const person = await accountHolder(first, database);
    await set(person.userId, 'is_active = false, deactivated_at = now()');
    expect((await find(person.email, support.as)).state).toBe(UserState.DEACTIVATED);
  });

  it('answers alike for nobody, a claimed contact, one that was given up, somebody deleted and somebody who ranks higher', async () => {
    const support = await staff();
    const [claimant, formerOwner, deleted] = [
      await accountHolder(first, database),
      await accountHolder(first, database),
      await accountHolder(first, database),
    ];
    const [claimed, givenUp] = [newEmail(), newEmail()];
    await database.query(`insert into accounts.user_contacts (user_id, type, value) values ($1, 'email', $2)`, [
      claimant.userId,
      claimed,
    ]);
    await giveEmail(database, formerOwner.userId, givenUp);
    await database.query(
      'update accounts.user_contacts set is_active = false, deactivated_at = now() where value = $1',
      [givenUp],
    );
    await set(deleted.userId, 'deleted_at = now()');
    const manager = await staff('manager');
    const ofManager = await giveEmail(database, manager.userId);

    const answers = [];
    for (const contact of [newEmail(), claimed, givenUp, deleted.email, ofManager]) {
      const { requestId: _, ...refusal } = await refusalOf(find(contact, support.as));
      answers.push(refusal);
    }
    expect(answers[0]).toMatchObject({ status: 'NOT_FOUND', reason: 'USER_NOT_FOUND', metadata: {} });
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    // Only the audit tells them apart, and it has no contact.
    const nobody = { action: 'support.nobody_found', user_id: null, data: {} };
    expect(await auditBy(support.userId)).toEqual([
      ...[nobody, nobody, nobody, nobody],
      { action: 'support.user_hidden', user_id: manager.userId, data: {} },
    ]);
  });

  it.each([
    ['support', ['support', 'executor_head', 'customer'], ['manager', 'superadmin']],
    ['manager', ['support', 'manager'], ['superadmin']],
    ['superadmin', ['manager', 'superadmin'], []],
  ])('shows a %s %j, and never %j', async (role, seen, hidden) => {
    const { as } = await staff(role);
    const ask = async (target: string) =>
      await outcomeOf(find(await giveEmail(database, (await staff(target)).userId), as));
    for (const target of seen) expect(await ask(target)).toBe('OK');
    for (const target of hidden) expect(await ask(target)).toBe(NOBODY);
  });

  it('hides who ranks higher here only: administration shows him, and the audit names him', async () => {
    const [manager, superadmin] = [await staff('manager'), await staff('superadmin')];
    const { userId } = superadmin;
    expect(await outcomeOf(find(await giveEmail(database, userId), manager.as))).toBe(NOBODY);
    expect((await first.usersAdmin.getUser({ userId }, manager.as)).user?.userId).toBe(userId);
    const { users } = await first.usersAdmin.listUsers({ role: 'superadmin', pageSize: 100 }, manager.as);
    expect(users.map((user) => user.userId)).toContain(userId);
    expect((await first.usersAdmin.listUserSessions({ userId }, manager.as)).sessions).toHaveLength(1);
    const { events } = await first.audit.listAuditEvents({ actorId: manager.userId }, manager.as);
    expect(events).toMatchObject([{ action: 'support.user_hidden', userId }]);
  });

  it.each([
    [
      'rises above the caller',
      `insert into accounts.user_group_memberships (user_id, group_name) values ($1, 'superadmin')`,
      'support.user_hidden',
    ],
    [
      'gives up the contact',
      `update accounts.user_contacts set is_active = false, is_primary = false, deactivated_at = now()
        where user_id = $1 and type = 'email'`,
      'support.nobody_found',
    ],
    ['is deleted', 'update accounts.users set deleted_at = now() where id = $1', 'support.nobody_found'],
  ])('finds nobody who %s at that moment', async (_what, change, action) => {
    const support = await staff();
    const person = await accountHolder(first, database);
    // Who changes a user's roles, contacts or state holds his row.
    const holder = await holding(person.userId);
    try {
      const answer = outcomeOf(find(person.email, support.as));
      await untilWaiting(database.query, 'find_user_for_support');
      await holder.query(change, [person.userId]);
      await holder.query('commit');
      expect(await answer).toBe(NOBODY);
    } finally {
      await holder.end();
    }
    const user_id = action === 'support.user_hidden' ? person.userId : null;
    expect(await auditBy(support.userId)).toEqual([{ action, user_id, data: {} }]);
  });

  it('of two who look for each other at once, 50 times, ends for both', async () => {
    const [one, other] = [await staff(), await staff()];
    const [ofOne, ofOther] = [await giveEmail(database, one.userId), await giveEmail(database, other.userId)];
    for (let round = 0; round < 10; round += 1) {
      const pairs = Array.from({ length: 5 }, () => [find(ofOther, one.as), find(ofOne, other.as)]).flat();
      expect(new Set(await Promise.all(pairs.map(outcomeOf)))).toEqual(new Set(['OK']));
    }
  });

  it('of 20 at once leaves an entry each, in the audit and among what is published', async () => {
    const support = await staff();
    const person = await accountHolder(first, database);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        outcomeOf(find(index % 2 === 0 ? person.email : newEmail(), support.as)),
      ),
    );
    expect(answers.filter((answer) => answer === 'OK')).toHaveLength(10);
    const actions = (await auditBy(support.userId)).map(({ action }) => action).sort();
    expect(actions).toEqual([...Array(10).fill('support.nobody_found'), ...Array(10).fill('support.user_found')]);
    const published = await database.query(
      `select from auth.outbox_events where actor_id = $1 and type like 'support.%'`,
      [support.userId],
    );
    expect(published).toHaveLength(20);
    expect(await auditOfUser(database, person.userId)).toContainEqual({
      action: 'support.user_found',
      actor_id: support.userId,
      data: {},
    });
  });

  it('leaves no contact in the log, in the audit and among what is published', async () => {
    const support = await staff();
    const person = await accountHolder(first, database);
    const unknown = newEmail();
    await find(person.email, support.as);
    expect(await outcomeOf(find(unknown, support.as))).toBe(NOBODY);
    const [row] = await database.query<{ written: string }>(
      `select concat((select string_agg(e::text, '') from auth.audit_events e),
                     (select string_agg(o::text, '') from auth.outbox_events o)) as written`,
    );
    expect(row?.written).toContain('support.nobody_found');
    const logged = JSON.stringify(first.logLines);
    expect(logged).toContain(FIND);
    for (const contact of [person.email, unknown]) {
      expect(row?.written).not.toContain(contact);
      expect(logged).not.toContain(contact);
    }
  });

  it.each(['', ' ', 'x', 'a@', '@example.com', 'no\u0000body', `${'a'.repeat(400)}@example.com`, 'two words', '+7'])(
    'refuses %j as no contact, and that is no look',
    async (contact) => {
      const support = await staff();
      expect(await refusalOf(find(contact, support.as))).toMatchObject({
        status: 'INVALID_ARGUMENT',
        reason: 'INVALID_REQUEST',
        fields: ['contact'],
      });
      expect(await auditBy(support.userId)).toEqual([]);
    },
  );
});

describe('EndSessionsOfUser', () => {
  it('ends one on every replica when it has answered, and the others go on', async () => {
    const support = await staff();
    const person = await accountHolder(first, database);
    const sessions = await Promise.all(
      (await openSessions(database, person.userId, 2)).map(async ({ refreshToken }) =>
        tokensOf(await second.auth.refresh({ refreshToken })),
      ),
    );
    const [one, other] = sessions;
    const { endedSessions, revision } = await end(person.userId, support.as, one?.sessionId);
    expect(endedSessions).toBe(1);
    expect(revision).toBeGreaterThan(0);
    expect(await problemOf(second, one?.accessToken ?? '')).toBe('TOKEN_REVOKED');
    expect(await problemOf(second, other?.accessToken ?? '')).toBeNull();
    expect(await outcomeOf(second.auth.refresh({ refreshToken: one?.refreshToken ?? '' }))).toBe(
      'UNAUTHENTICATED SESSION_ENDED',
    );
    expect((await end(person.userId, support.as, one?.sessionId)).endedSessions).toBe(0);
    expect(await auditBy(support.userId)).toEqual([
      { action: 'user.sessions_ended', user_id: person.userId, data: {} },
      { action: 'session.ended', user_id: person.userId, data: { trigger: 'session_ended', ended_sessions: 1 } },
    ]);
  });

  it('of 50 people holds on the other replica when it has answered: 0 tokens are accepted', async () => {
    const support = await staff();
    const people = await Promise.all(Array.from({ length: 50 }, () => roleHolder(first, database, 'customer')));
    await Promise.all(people.map(({ tokens }) => second.auth.validateToken({ accessToken: tokens.accessToken })));
    let accepted = 0;
    await Promise.all(
      people.map(async ({ userId, tokens }) => {
        await end(userId, support.as);
        if ((await problemOf(second, tokens.accessToken)) !== 'TOKEN_REVOKED') accepted += 1;
      }),
    );
    expect(accepted).toBe(0);
  });

  it('ends all, and he can log in again', async () => {
    const support = await staff();
    const person = await accountHolder(first, database);
    await openSessions(database, person.userId, 2);
    expect((await end(person.userId, support.as)).endedSessions).toBe(3);
    expect(await problemOf(second, person.tokens.accessToken)).toBe('TOKEN_REVOKED');
    expect(await outcomeOf(second.auth.login({ login: person.email, password: PASSWORD }))).toBe('OK');
  });

  it('touches nobody who ranks higher', async () => {
    const support = await staff();
    const manager = await staff('manager');
    const [before] = await stateOf(manager.userId);
    expect(await outcomeOf(end(manager.userId, support.as))).toBe(OUTRANKED);
    const [after] = await stateOf(manager.userId);
    // But for the entry that he was tried.
    expect(after).toEqual({ ...before, entries: 1 });
    expect(await problemOf(second, manager.tokens.accessToken)).toBeNull();
  });

  it('of somebody who ranks higher, tried 60 times at once, leaves one entry, which names him', async () => {
    const support = await staff();
    const superadmin = await staff('superadmin');
    const answers = await Promise.all(
      Array.from({ length: 60 }, () => outcomeOf(end(superadmin.userId.toUpperCase(), support.as))),
    );
    expect(new Set(answers)).toEqual(new Set([OUTRANKED]));
    const tried = { action: 'rank.refused', user_id: superadmin.userId, data: { method: END } };
    expect(await auditBy(support.userId)).toEqual([tried]);
  });

  it('does not find a session of somebody else’s, and nobody who is not there', async () => {
    const support = await staff();
    const [one, other] = [await accountHolder(first, database), await accountHolder(first, database)];
    for (const sessionId of [other.tokens.sessionId, randomUUID()]) {
      expect(await outcomeOf(end(one.userId, support.as, sessionId))).toBe('NOT_FOUND SESSION_NOT_FOUND');
    }
    expect(await outcomeOf(end(randomUUID(), support.as, other.tokens.sessionId))).toBe(NOBODY);
    expect(await problemOf(second, other.tokens.accessToken)).toBeNull();
  });

  it.each([
    ['', '', ['user_id']],
    ['x', 'y', ['session_id', 'user_id']],
    [randomUUID(), '\u0007', ['session_id']],
  ])('refuses the user %j and the session %j', async (userId, sessionId, fields) => {
    const { as } = await staff();
    expect(await refusalOf(end(userId, as, sessionId))).toMatchObject({ reason: 'INVALID_REQUEST', fields });
  });
});

describe('The account page of staff', () => {
  it.each(['support', 'manager', 'superadmin'])('lets a %s look and end', async (role) => {
    const { as } = await staff(role);
    const person = await accountHolder(first, database);
    expect((await find(person.email, as)).sessions).toHaveLength(1);
    expect((await end(person.userId, as)).endedSessions).toBe(1);
    expect((await find(person.email, as)).sessions).toEqual([]);
  });

  it.each(['customer', 'driver', 'courier', 'executor_head', 'firm_head', 'guest'])(
    'lets a %s do neither, and nothing is written but that he has tried',
    async (role) => {
      const caller = role === 'guest' ? await guest() : await staff(role);
      const person = await accountHolder(first, database);
      const before = await stateOf(person.userId);
      const calls = [
        [FIND, 'accounts.users.read', () => find(person.email, caller.as)],
        [FIND, 'accounts.users.read', () => find(newEmail(), caller.as)],
        [END, 'auth.sessions.end', () => end(person.userId, caller.as)],
        [END, 'auth.sessions.end', () => end(randomUUID(), caller.as, randomUUID())],
      ] as const;
      for (const [, permission, call] of calls) {
        expect(await refusalOf(call())).toMatchObject({ ...REQUIRED, metadata: { permission } });
      }
      expect(await stateOf(person.userId)).toEqual(before);
      expect(await problemOf(second, person.tokens.accessToken)).toBeNull();
      // One entry a permission and minute, as at the front door.
      const refused = [calls[0], calls[2]].map(([method, permission]) => ({
        ...{ action: 'permission.refused', user_id: null },
        data: { permission, method },
      }));
      expect(await auditBy(caller.userId)).toEqual(refused);
    },
  );

  async function guest() {
    const answer = await first.auth.startGuestSession({ interface: 'customer' });
    return { userId: answer.userId, as: bearer(tokensOf(answer).accessToken) };
  }

  it('needs both permissions for a look, whichever is missing', async () => {
    const person = await accountHolder(first, database);
    for (const permission of ['accounts.users.read', 'auth.sessions.read']) {
      const caller = await staff();
      await database.query(`delete from accounts.role_permissions where role = 'support' and permission = $1`, [
        permission,
      ]);
      // Not even whether there is nobody is told.
      const looks = Promise.all([person.email, newEmail()].map((contact) => refusalOf(find(contact, caller.as))));
      const refusals = await looks.finally(() =>
        database.query(`insert into accounts.role_permissions (role, permission) values ('support', $1)`, [permission]),
      );
      for (const refused of refusals) expect(refused).toMatchObject({ ...REQUIRED, metadata: { permission } });
      expect((await auditBy(caller.userId)).map(({ action }) => action)).toEqual(['permission.refused']);
    }
  });

  it.each([
    ['a role in an organisation', 'organisation_id = (select id from accounts.organisations limit 1)'],
    ['a role that was taken away', 'is_active = false, deleted_at = now()'],
  ])('is closed to %s, whatever the token says', async (_what, change) => {
    const caller = await staff();
    await database.query(`insert into accounts.organisations (name) values ('Test')`);
    await database.query(`update accounts.user_group_memberships set ${change} where user_id = $1`, [caller.userId]);
    const person = await accountHolder(first, database);
    expect(await refusalOf(find(person.email, caller.as))).toMatchObject(REQUIRED);
    expect(await refusalOf(end(person.userId, caller.as))).toMatchObject(REQUIRED);
  });

  it.each([
    ['FindUser', 'accounts.users.read'],
    ['EndSessionsOfUser', 'auth.sessions.end'],
  ])('refuses %s to whom the role is taken from at that moment', async (method, permission) => {
    const caller = await staff();
    const person = await accountHolder(first, database);
    const before = await stateOf(person.userId);
    const holder = await holding(caller.userId);
    try {
      const called = method === 'FindUser' ? find(person.email, caller.as) : end(person.userId, caller.as);
      const refused = refusalOf(called);
      await untilWaiting(database.query, 'select * from');
      await holder.query(
        'update accounts.user_group_memberships set is_active = false, deleted_at = now() where user_id = $1',
        [caller.userId],
      );
      await holder.query('commit');
      expect(await refused).toMatchObject({ ...REQUIRED, metadata: { permission } });
    } finally {
      await holder.end();
    }
    expect(await stateOf(person.userId)).toEqual(before);
  });

  it('lets one user look so often in a minute, on all replicas together, and end sessions all the same', async () => {
    const settings = {
      DATABASE_URL: database.serviceUrl,
      REDIS_URL: inject('redisUrl'),
      SUPPORT_LOOKS_PER_MINUTE: '7',
    };
    const replicas = [await startService(settings), await startService(settings)];
    try {
      const [busy, quiet] = [await staff(), await staff()];
      const person = await accountHolder(first, database);
      const look = (as: As, index: number) =>
        outcomeOf(replicas[index % 2]!.support.findUser({ contact: index % 3 ? person.email : newEmail() }, as));
      const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => look(busy.as, index)));
      expect(answers.filter((answer) => answer === 'RESOURCE_EXHAUSTED RATE_LIMITED')).toHaveLength(13);
      expect(await auditBy(busy.userId)).toHaveLength(7);
      expect(await look(quiet.as, 1)).toBe('OK');
      const ended = replicas[0]!.support.endSessionsOfUser({ userId: person.userId }, busy.as);
      expect((await ended).endedSessions).toBe(1);
    } finally {
      for (const replica of replicas) await replica.stop();
    }
  });
});
