import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { accountHolder, newEmail } from '../../support/account-holders.ts';
import { confirmContacts, latestLinkToken, putChallenge } from '../../support/challenges.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { MEANT_STATE } from '../../support/messages.ts';
import { PASSWORD, bearer, newPerson, register, tokensOf } from '../../support/people.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { openSession } from '../../support/sessions.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import { problemOf } from '../../support/validation.ts';
import { addUser } from '../../sql/functions/scene.ts';

let database: TestDatabase;
let first: TestService;
let second: TestService;
beforeAll(async () => {
  database = await createTestDatabase();
  const settings = { BCRYPT_COST: '10', DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl') };
  first = await startService(settings);
  second = await startService(settings);
});
afterAll(async () => {
  await first?.stop();
  await second?.stop();
  await database?.drop();
});

const CREDENTIALS_INVALID = 'UNAUTHENTICATED CREDENTIALS_INVALID';
const login = (name: string) => outcomeOf(second.auth.login({ login: name, password: PASSWORD }));

/** Somebody without contacts, for the price of no hash. */
async function signedIn(role: string) {
  const userId = await addUser(database.query, role);
  const { refreshToken } = await openSession(database, userId);
  return { userId, tokens: tokensOf(await first.auth.refresh({ refreshToken })) };
}

describe('DeactivateAccount', () => {
  it('ends everything: sessions, tokens, codes and links, and nothing logs in any more', async () => {
    const holder = await accountHolder(first, database);
    const elsewhere = tokensOf(await first.auth.login({ login: holder.secondLogin, password: PASSWORD }));
    const email = newEmail();
    const { contact } = await first.accounts.addContact({ type: 'email', value: email }, holder.as);
    await first.accounts.startContactConfirmation({ contactId: contact?.contactId ?? '' }, holder.as);
    const link = await latestLinkToken(database, email);
    const sent = { contactType: 'email', contact: holder.email, userId: holder.userId };
    await putChallenge(database, { ...sent, purpose: 'password_reset', method: 'link' });
    await putChallenge(database, { ...sent, purpose: 'code_login', method: 'code' });
    // Known to the second replica, so that its cache of verified tokens cannot help it.
    for (const { accessToken } of [holder.tokens, elsewhere]) expect(await problemOf(second, accessToken)).toBeNull();

    const answer = await first.accounts.deactivateAccount({}, holder.as);
    expect(answer.endedSessions).toBe(2);
    expect(answer.revision).toBeGreaterThan(0);

    for (const { accessToken, refreshToken } of [holder.tokens, elsewhere]) {
      for (const replica of [first, second]) expect(await problemOf(replica, accessToken)).toBe('TOKEN_REVOKED');
      expect(await outcomeOf(second.auth.refresh({ refreshToken }))).toBe('UNAUTHENTICATED SESSION_ENDED');
      expect(await outcomeOf(second.accounts.getProfile({}, bearer(accessToken)))).toBe(
        'UNAUTHENTICATED TOKEN_REVOKED',
      );
      const proof = { $case: 'token' as const, value: link };
      expect(await outcomeOf(second.accounts.finishContactConfirmation({ proof }, bearer(accessToken)))).toBe(
        'UNAUTHENTICATED TOKEN_REVOKED',
      );
      // A repeat says that it is done.
      expect(await outcomeOf(first.accounts.deactivateAccount({}, bearer(accessToken)))).toBe(
        'UNAUTHENTICATED TOKEN_REVOKED',
      );
    }
    for (const name of [holder.secondLogin, holder.phone, holder.email]) {
      expect(await login(name)).toBe(CREDENTIALS_INVALID);
    }
    const challenges = await database.query(
      'select distinct end_cause, ended_at is null as is_live from auth.challenges where user_id = $1',
      [holder.userId],
    );
    expect(challenges).toEqual([{ end_cause: 'cascade', is_live: false }]);
  });

  it('answers a login like that of an unknown account, byte for byte', async () => {
    const holder = await accountHolder(first, database);
    await first.accounts.deactivateAccount({}, holder.as);
    const refusals = await Promise.all(
      [holder.email, newEmail()].map(async (name) => ({
        ...(await refusalOf(first.auth.login({ login: name, password: PASSWORD }))),
        requestId: null,
      })),
    );
    expect(refusals[0]).toEqual(refusals[1]);
  });

  it('sends nobody a code or a link for it: what is asked for is noted as suppressed', async () => {
    const holder = await accountHolder(first, database);
    await first.accounts.deactivateAccount({}, holder.as);
    for (const purpose of ['password_reset', 'code_login']) {
      await database.query(
        `select auth.start_challenge(gen_random_uuid(), $1, 'code', 'email', $2, null, null, repeat('0', 64),
                                     interval '5 minutes', true, 'en', null, 10, 10, null)`,
        [purpose, holder.email],
      );
    }
    const messages = await database.query(
      `select template, ${MEANT_STATE} as state, user_id from auth.messages where recipient = $1 and challenge_id is not null order by id`,
      [holder.email],
    );
    expect(messages).toEqual([
      { template: 'password_reset', state: 'suppressed', user_id: null },
      { template: 'code_login', state: 'suppressed', user_id: null },
    ]);
  });

  it('leaves its event and the notice to the primary address', async () => {
    const holder = await accountHolder(first, database);
    await first.accounts.deactivateAccount({}, holder.as);
    const events = await database.query(
      `select type, data from auth.outbox_events where user_id = $1 and type in ('account.deactivated', 'session.ended')
        order by id`,
      [holder.userId],
    );
    expect(events).toEqual([
      { type: 'account.deactivated', data: { deactivated_by: holder.userId } },
      { type: 'session.ended', data: { trigger: 'account_deactivated', ended_sessions: 1 } },
    ]);
    const messages = await database.query(
      `select recipient, template, ${MEANT_STATE} as state from auth.messages where user_id = $1`,
      [holder.userId],
    );
    expect(messages).toEqual([{ recipient: holder.email, template: 'account_deactivated', state: 'enqueued' }]);
    const [user] = await database.query<{ deactivated_at: Date; deactivated_by: string }>(
      'select deactivated_at, deactivated_by from accounts.users where id = $1',
      [holder.userId],
    );
    expect(user?.deactivated_by).toBe(holder.userId);
    expect(user?.deactivated_at).toBeInstanceOf(Date);
  });

  it('of 100 accounts holds on the other replica when it has answered: 0 positives', async () => {
    const people = await Promise.all(Array.from({ length: 100 }, () => signedIn('customer')));
    await Promise.all(people.map(({ tokens }) => second.auth.validateToken({ accessToken: tokens.accessToken })));
    let positives = 0;
    await Promise.all(
      people.map(async ({ tokens }) => {
        await first.accounts.deactivateAccount({}, bearer(tokens.accessToken));
        if ((await problemOf(second, tokens.accessToken)) !== 'TOKEN_REVOKED') positives += 1;
      }),
    );
    expect(positives).toBe(0);
  });

  it('at the same moment as 8 logins leaves no session alive, 8 times', async () => {
    for (let round = 0; round < 8; round += 1) {
      const holder = await accountHolder(first, database);
      const logins = Array.from({ length: 8 }, () =>
        second.auth.login({ login: holder.email, password: PASSWORD }).catch(() => null),
      );
      // In the midst of the hashes.
      await first.accounts.getProfile({}, holder.as);
      await first.accounts.deactivateAccount({}, holder.as);
      for (const answer of await Promise.all(logins)) {
        if (answer) expect(await problemOf(second, tokensOf(answer).accessToken)).toBe('TOKEN_REVOKED');
      }
      const alive = await database.query('select from auth.sessions where user_id = $1 and ended_at is null', [
        holder.userId,
      ]);
      expect(alive).toHaveLength(0);
    }
  });

  it('from 8 calls at once closes it once', async () => {
    const holder = await accountHolder(first, database);
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () => outcomeOf(first.accounts.deactivateAccount({}, holder.as))),
    );
    expect(outcomes.filter((outcome) => outcome === 'OK')).toHaveLength(1);
    // Those who came while it was being closed hear that their session is over, in one way or the other.
    const over = ['UNAUTHENTICATED TOKEN_REVOKED', 'UNAUTHENTICATED RECENT_LOGIN_REQUIRED'];
    expect(outcomes.filter((outcome) => over.includes(outcome))).toHaveLength(7);
    const written = await database.query(
      `select from auth.outbox_events where user_id = $1 and type = 'account.deactivated'`,
      [holder.userId],
    );
    expect(written).toHaveLength(1);
  });

  it('needs a login younger than 5 minutes; a refresh does not help', async () => {
    const holder = await accountHolder(first, database);
    await database.query(`update auth.sessions set created_at = now() - interval '301 seconds' where user_id = $1`, [
      holder.userId,
    ]);
    const refreshed = tokensOf(await first.auth.refresh({ refreshToken: holder.tokens.refreshToken }));
    for (const { accessToken } of [holder.tokens, refreshed]) {
      expect(await outcomeOf(first.accounts.deactivateAccount({}, bearer(accessToken)))).toBe(
        'UNAUTHENTICATED RECENT_LOGIN_REQUIRED',
      );
    }
    const again = tokensOf(await first.auth.login({ login: holder.email, password: PASSWORD }));
    expect((await first.accounts.deactivateAccount({}, bearer(again.accessToken))).endedSessions).toBe(2);
  });
});

describe('The last superadmin', () => {
  it('stays: of two who leave at the same moment exactly one can, 20 times', async () => {
    for (let round = 0; round < 20; round += 1) {
      await database.query(
        `update accounts.user_group_memberships set is_active = false, deleted_at = now() where group_name = 'superadmin'`,
      );
      const pair = [await signedIn('superadmin'), await signedIn('superadmin')];
      const outcomes = await Promise.all(
        pair.map(({ tokens }, index) =>
          outcomeOf(
            [first, second][index]?.accounts.deactivateAccount({}, bearer(tokens.accessToken)) ?? Promise.reject(),
          ),
        ),
      );
      expect([...outcomes].sort()).toEqual(['FAILED_PRECONDITION LAST_SUPERADMIN', 'OK']);
      const stays = pair[outcomes.indexOf('OK') === 0 ? 1 : 0];
      expect(await problemOf(second, stays?.tokens.accessToken ?? '')).toBeNull();
    }
  });

  it('is the last one where the other accounts with the role are closed', async () => {
    await database.query(
      `update accounts.user_group_memberships set is_active = false, deleted_at = now() where group_name = 'superadmin'`,
    );
    const [one, other] = [await signedIn('superadmin'), await signedIn('superadmin')];
    await database.query('update accounts.users set is_active = false where id = $1', [other.userId]);
    const call = first.accounts.deactivateAccount({}, bearer(one.tokens.accessToken));
    expect(await refusalOf(call)).toMatchObject({ status: 'FAILED_PRECONDITION', reason: 'LAST_SUPERADMIN' });
  });
});

describe('The contacts of a closed account', () => {
  const available = async (contactType: string, value: string) =>
    (await first.accounts.checkAvailability({ contactType, value })).available;
  const release = async (reservation: string) =>
    await database.query('select accounts.release_contacts(1000, $1::interval)', [reservation]);

  it('are reserved for 90 days: nobody registers or confirms them; then they are free', async () => {
    const holder = await accountHolder(first, database);
    await first.accounts.deactivateAccount({}, holder.as);
    const { secondLogin, phone, email } = holder;
    const contacts = { second_login: secondLogin, phone, email };
    const heirs = () => [newPerson({ secondLogin }), newPerson({ phone }), newPerson({ email })];
    const claimant = await accountHolder(first, database);
    const { contact } = await first.accounts.addContact({ type: 'email', value: email }, claimant.as);
    const of = { contactType: 'email', contact: email, contactId: contact?.contactId ?? '', userId: claimant.userId };
    const { token } = await putChallenge(database, { ...of, purpose: 'contact_confirmation', method: 'link' });
    const confirm = () =>
      outcomeOf(first.accounts.finishContactConfirmation({ proof: { $case: 'token', value: token } }, claimant.as));

    const closedAgo = async (age: string) => {
      await database.query('update accounts.users set deactivated_at = now() - $2::interval where id = $1', [
        holder.userId,
        age,
      ]);
      await release('90 days');
    };
    for (const age of ['0 seconds', '89 days 23 hours']) {
      await closedAgo(age);
      for (const [type, value] of Object.entries(contacts)) expect(await available(type, value)).toBe(false);
      for (const heir of heirs()) {
        expect(await outcomeOf(first.auth.register(heir))).toBe('ALREADY_EXISTS REGISTER_USER_ALREADY_EXISTS');
      }
      expect(await confirm()).toBe('ALREADY_EXISTS CONTACT_TAKEN');
    }

    await closedAgo('90 days');
    for (const [type, value] of Object.entries(contacts)) expect(await available(type, value)).toBe(true);
    expect(await confirm()).toBe('OK');
    const [bySecondLogin, byPhone] = heirs();
    const heir = await register(first, bySecondLogin);
    expect(await login(secondLogin)).toBe('OK');
    await confirmContacts(database, (await register(first, byPhone)).userId);
    expect(await login(phone)).toBe('OK');
    // The name leads to its new owner now, and to nothing of the old one.
    expect(heir.userId).not.toBe(holder.userId);
  });

  it('are freed by the service itself', async () => {
    const service = await startService({
      DATABASE_URL: database.serviceUrl,
      CONTACT_RESERVATION: '0s',
      CLEAN_UP_INTERVAL: '1s',
    });
    try {
      const holder = await accountHolder(service, database);
      await service.accounts.deactivateAccount({}, holder.as);
      await expect.poll(() => available('email', holder.email), { timeout: 20_000 }).toBe(true);
    } finally {
      await service.stop();
    }
  });
});
