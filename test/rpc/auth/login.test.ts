import { randomUUID } from 'node:crypto';
import { hash } from 'bcrypt';
import { RichClientError } from 'nice-grpc-error-details';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { PASSWORD, registerConfirmed, tokensOf } from '../../support/people.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import { problemOf } from '../../support/validation.ts';

describe('Login', () => {
  let database: TestDatabase;
  let service: TestService;

  beforeAll(async () => {
    database = await createTestDatabase();
    service = await startService({
      DATABASE_URL: database.serviceUrl,
      REDIS_URL: inject('redisUrl'),
      BCRYPT_COST: '10',
    });
  });
  afterAll(async () => {
    await service?.stop();
    await database?.drop();
  });

  it('begins a session of its own each time', async () => {
    const person = await registerConfirmed(service, database);
    const logins = await Promise.all(
      [1, 2, 3].map(() => service.auth.login({ login: person.secondLogin, password: PASSWORD })),
    );
    const tokens = logins.map(tokensOf);
    expect(new Set([person.tokens, ...tokens].map(({ sessionId }) => sessionId)).size).toBe(4);
    for (const { accessToken } of [person.tokens, ...tokens]) expect(await problemOf(service, accessToken)).toBeNull();
    expect(await eventsOf(person.userId)).toEqual(Array(3).fill('user.logged_in'));
  });

  it('knows a person by every contact, in every spelling', async () => {
    const person = await registerConfirmed(service, database, {
      secondLogin: 'Anna.Смирнова-77',
      phone: '+79991234567',
      email: 'Anna@Example.com',
    });
    const spellings = [
      ...['Anna.Смирнова-77', 'anna.смирнова-77', 'ANNA.СМИРНОВА-77', '  anna.смирнова-77 '],
      ...['anna@example.com', 'ANNA@EXAMPLE.COM', ' Anna@Example.com '],
      ...['+79991234567', '79991234567', '89991234567', '8 999 123-45-67', '8 (999) 123 45 67'],
      ...['+7 (999) 123-45-67', '7 999 123 45 67', '9991234567', ' +7 999 1234567 '],
    ];
    for (const login of spellings) {
      const { userId } = await service.auth.login({ login, password: PASSWORD });
      expect(userId, login).toBe(person.userId);
    }
  });

  it('does not know a person by a contact that was deactivated', async () => {
    const person = await registerConfirmed(service, database);
    await database.query(
      'update accounts.user_contacts set is_active = false, is_primary = false, deactivated_at = now() where value = $1',
      [person.secondLogin],
    );
    const refusal = await refusalOf(service.auth.login({ login: person.secondLogin, password: PASSWORD }));
    expect(refusal.reason).toBe('CREDENTIALS_INVALID');
    await service.auth.login({ login: person.phone, password: PASSWORD });
  });

  it('carries the roles of the moment', async () => {
    const person = await registerConfirmed(service, database);
    await database.query('select accounts.add_user_to_group($1, $2)', [person.userId, 'support']);
    const { roles } = await service.auth.login({ login: person.phone, password: PASSWORD });
    expect(roles).toEqual(['customer', 'support']);
  });

  describe('refuses without saying why', () => {
    // What differs between these is what an outsider wants to know.
    const cases: Record<string, () => Promise<{ login: string; password: string; userId: string | null }>> = {
      'an unknown second login': async () => ({ login: `nobody-${randomUUID()}`, password: PASSWORD, userId: null }),
      'an unknown e-mail': async () => ({ login: `${randomUUID()}@example.com`, password: PASSWORD, userId: null }),
      'an unknown phone': async () => ({ login: '+79110009988', password: PASSWORD, userId: null }),
      'what can be no contact': async () => ({ login: '" or 1=1 --', password: PASSWORD, userId: null }),
      'a wrong password': async () => ({ ...(await somebody()), password: `${PASSWORD}!` }),
      'a password in other letters': async () => ({ ...(await somebody()), password: PASSWORD.toUpperCase() }),
      'a deactivated user': () => somebody('is_active = false'),
      'a deleted user': () => somebody('deleted_at = now()'),
      'a user without a password': () => somebody('password_hash = null'),
    };

    it('the same status, reason, text, details and metadata for all', async () => {
      const seen = new Map<string, unknown>();
      for (const [name, scene] of Object.entries(cases)) {
        const { login, password } = await scene();
        seen.set(name, await everythingSeen(login, password));
      }
      const [first] = seen.values();
      expect(first).toMatchObject({
        refusal: {
          status: 'UNAUTHENTICATED',
          reason: 'CREDENTIALS_INVALID',
          metadata: {},
          fields: [],
          text: 'Unknown login or wrong password.',
        },
      });
      for (const [name, whole] of seen) expect(whole, name).toEqual(first);
    });

    it.each(Object.keys(cases))('one event for %s', async (name) => {
      const { login, password, userId } = await cases[name]!();
      const [before] = await database.query<{ id: string }>(
        'select coalesce(max(id), 0) as id from auth.outbox_events',
      );
      await refusalOf(service.auth.login({ login, password }));
      const events = await database.query('select type, user_id, data from auth.outbox_events where id > $1', [
        before?.id,
      ]);
      expect(events).toEqual([{ type: 'login.failed', user_id: userId, data: {} }]);
    });

    it('at the cost of one hash for all', async () => {
      const oneHash = Math.min(
        await computingTime(() => hash(PASSWORD, 10)),
        await computingTime(() => hash(PASSWORD, 10)),
      );
      for (const [name, scene] of Object.entries(cases)) {
        const { login, password } = await scene();
        // Computing time, not the clock: it does not grow while others have the machine. A call without a hash needs a tenth.
        const spent = await computingTime(() => refusalOf(service.auth.login({ login, password })));
        expect(spent, name).toBeGreaterThan(oneHash * 0.7);
      }
    });
  });

  it('refuses a user who is deactivated while his password is being checked', async () => {
    const person = await registerConfirmed(service, database);
    await database.query(`
      create function accounts.deactivate_for_test() returns trigger language plpgsql as $$
      begin
        update accounts.users set is_active = false
          where id = replace(new.subject, 'user:', '')::uuid;
        return new;
      end $$;
      create trigger deactivate_for_test after update on auth.login_attempts for each row
        when (new.subject = 'user:${person.userId}') execute function accounts.deactivate_for_test();`);
    try {
      const { reason } = await refusalOf(service.auth.login({ login: person.phone, password: PASSWORD }));
      expect(reason).toBe('CREDENTIALS_INVALID');
      const sessions = await database.query('select from auth.sessions where user_id = $1', [person.userId]);
      expect(sessions).toHaveLength(1);
    } finally {
      await database.query('drop function accounts.deactivate_for_test cascade');
    }
  });

  it('refuses a password that is changed while it is being checked', async () => {
    const person = await registerConfirmed(service, database);
    await replaceHashMeanwhile(person.userId, await hash('another password', 10));
    const { reason } = await refusalOf(service.auth.login({ login: person.phone, password: PASSWORD }));
    expect(reason).toBe('CREDENTIALS_INVALID');
    expect(await database.query('select from auth.sessions where user_id = $1', [person.userId])).toHaveLength(1);
  });

  it('lets a password in whose hash another login replaces by a costlier one while it is being checked', async () => {
    const person = await registerConfirmed(service, database);
    await replaceHashMeanwhile(person.userId, await hash(PASSWORD, 11));
    const { userId } = await service.auth.login({ login: person.phone, password: PASSWORD });
    expect(userId).toBe(person.userId);
    expect(await database.query('select from auth.login_attempts where subject = $1', [`user:${userId}`])).toEqual([]);
  });

  it('logs neither login nor password, of a refusal or of a success', async () => {
    const person = await registerConfirmed(service, database, { email: `${randomUUID()}@example.com` });
    const secrets = {
      wrongPassword: `wrong-${randomUUID()}`,
      wrongLogin: `nobody-${randomUUID()}`,
    };
    const from = service.logLines.length;
    for (const login of [person.secondLogin, person.phone, person.email, secrets.wrongLogin]) {
      await refusalOf(service.auth.login({ login, password: secrets.wrongPassword }));
    }
    await refusalOf(service.auth.login({ login: secrets.wrongLogin.repeat(20), password: 'a\u0000b' }));
    const { tokens } = await service.auth.login({ login: person.phone, password: PASSWORD });
    const lines = service.logLines.slice(from).filter(({ method }) => method === '/auth.v1.AuthService/Login');
    expect(lines).toHaveLength(6);
    expect(lines.map(({ reason }) => reason)).toEqual([
      ...Array<string>(4).fill('CREDENTIALS_INVALID'),
      'INVALID_REQUEST',
      undefined,
    ]);

    const logged = JSON.stringify(service.logLines).toLowerCase();
    const unwanted = [...Object.values(secrets), PASSWORD, person.secondLogin, person.phone.slice(1), person.email];
    for (const secret of [...unwanted, tokens?.accessToken ?? '', tokens?.refreshToken ?? '']) {
      expect(logged).not.toContain(secret.toLowerCase());
    }
  });

  /** Between the look-up of the account, which comes before the count, and the session. */
  async function replaceHashMeanwhile(userId: string, newHash: string): Promise<void> {
    const name = `replace_for_test_${userId.replaceAll('-', '')}`;
    await database.query(`
      create function accounts.${name}() returns trigger language plpgsql as $$
      begin
        update accounts.users set password_hash = '${newHash}' where id = '${userId}';
        return new;
      end $$;
      create trigger ${name} after update on auth.login_attempts for each row
        when (new.subject = 'user:${userId}') execute function accounts.${name}();`);
  }

  async function somebody(change?: string) {
    const { userId, secondLogin } = await registerConfirmed(service, database);
    if (change) await database.query(`update accounts.users set ${change} where id = $1`, [userId]);
    const isKnown = !change || change.startsWith('password_hash');
    return { login: secondLogin, password: PASSWORD, userId: isKnown ? userId : null };
  }

  /** Of this process, in microseconds; the service under test is part of it. */
  async function computingTime(work: () => Promise<unknown>): Promise<number> {
    const before = process.cpuUsage();
    await work();
    return process.cpuUsage(before).user;
  }

  /** All that a caller can compare, but for the time it takes. */
  async function everythingSeen(login: string, password: string) {
    const headers: string[] = [];
    const trailers: string[] = [];
    const error: unknown = await service.auth
      .login(
        { login, password },
        {
          onHeader: (header) => void headers.push(...[...header].map(([key]) => key)),
          onTrailer: (trailer) => {
            trailer.delete('date');
            trailers.push(...[...trailer].map(([key, values]) => `${key}: ${values.map(String)}`));
          },
        },
      )
      .catch((reason: unknown) => reason);
    if (!(error instanceof RichClientError)) throw new Error('Not refused.', { cause: error });
    return { refusal: await refusalOf(Promise.reject(error)), extra: error.extra, headers, trailers };
  }

  async function eventsOf(userId: string): Promise<string[]> {
    const rows = await database.query<{ type: string }>(
      "select type from auth.outbox_events where user_id = $1 and type <> 'user.registered' order by id",
      [userId],
    );
    return rows.map(({ type }) => type);
  }
});
