import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase } from '../../../support/test-database.ts';
import type { TestDatabase } from '../../../support/test-database.ts';
import { connectSuperuser } from '../../superuser.ts';
import { inParallel } from '../in-parallel.ts';
import { addUser } from '../scene.ts';

type Removed = { relation: string; removed: string };

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

const DELETE = `select * from auth.delete_expired(10, '1 day', '30 days', '3 days')`;
const counts = (rows: readonly Removed[]) =>
  Object.fromEntries(rows.map(({ relation, removed }) => [relation, Number(removed)]));
const deleteExpired = async () => counts(await database.query<Removed>(DELETE));

/** Of each kind as many rows that are to go, and one more that is to stay and is named `kept`. */
async function addRows(expired: number): Promise<void> {
  const user = `'${await addUser(database.query)}'::uuid`;
  const numbers = `generate_series(1, ${expired}) n`;
  const id = `gen_random_uuid()`;
  const statements = [
    // Kept: within the five minutes after the expiry.
    `insert into auth.revocations (revision, kind, subject, user_id, trigger, expires_at)
       select n, 'token', ${id}, ${user}, 'test', now() - interval '6 minutes' from ${numbers}
       union all select 1000, 'token', ${id}, ${user}, 'kept', now() - interval '4 minutes'`,
    // Kept: ended long ago, but an access token may still live; and one that ended within the retention.
    `insert into auth.sessions (id, user_id, expires_at, access_expires_at, ended_at, end_trigger, user_agent)
       select ${id}, ${user}, now() + interval '9 days', now() - interval '2 days', now() - interval '2 days', 'test', null from ${numbers}
       union all select ${id}, ${user}, now() + interval '9 days', now(), now() - interval '2 days', 'test', 'kept'
       union all select ${id}, ${user}, now() + interval '9 days', now() - interval '1 day', now() - interval '1 hour', 'test', 'kept'
       union all select ${id}, ${user}, now() + interval '9 days', now() - interval '9 days', null, null, 'kept'`,
    `insert into auth.registrations (key_hash, request_digest, user_id, session_id, token_id, issued_at, expires_at)
       select md5(n::text) || md5(n::text), 'old', ${user}, ${id}, ${id}, now(), now() - interval '1 second' from ${numbers}
       union all select md5('k') || md5('k'), 'kept', ${user}, ${id}, ${id}, now(), now() + interval '1 hour'`,
    `insert into auth.login_attempts (subject, failures, expires_at)
       select n::text, 1, now() - interval '1 second' from ${numbers}
       union all select 'kept', 1, now() + interval '1 hour'`,
    `insert into auth.outbox_events (type, occurred_at)
       select 'test.old', now() - interval '31 days' from ${numbers} union all select 'test.kept', now() - interval '29 days'`,
    // Kept: a day for who comes with an old link.
    `insert into auth.challenges (id, purpose, method, contact_type, contact, secret_hash, expires_at)
       select ${id}, 'registration', 'link', 'email', n::text, repeat('a', 64), now() - interval '25 hours' from ${numbers}
       union all select ${id}, 'registration', 'link', 'email', 'kept', repeat('a', 64), now() - interval '23 hours'`,
    `insert into auth.messages (channel, recipient, template, language, created_at, expires_at)
       select 'email', n::text, 'test', 'en', now() - interval '73 hours', now() from ${numbers}
       union all select 'email', 'kept', 'test', 'en', now() - interval '71 hours', now() - interval '70 hours'`,
    `insert into auth.message_quotas (subject, used, expires_at)
       select n::text, 1, now() - interval '1 second' from ${numbers}
       union all select 'kept', 1, now() + interval '1 hour'`,
    // Kept: a guest who has a session, however old it is; one who has just begun; and people who are no guests.
    `insert into accounts.users (is_guest, created_at, profile)
       select true, now() - interval '25 hours', '{}'::jsonb from ${numbers}
       union all select true, now() - interval '23 hours', '{"kept": true}'
       union all select false, now() - interval '25 hours', '{"kept": true}'`,
    `with g as (
       insert into accounts.users (is_guest, created_at, profile)
         values (true, now() - interval '25 hours', '{"kept": true}') returning id
     )
     insert into auth.sessions (id, user_id, expires_at, access_expires_at, ended_at, end_trigger, user_agent)
       select ${id}, g.id, now(), now(), now() - interval '1 hour', 'test', 'kept' from g`,
    `insert into auth.replicas (id, lease, seen_at)
       values (${id}, '1 s', now() - interval '2 hours'), (${id}, '1 s', now() - interval '30 minutes')`,
    `insert into auth.signing_keys (kid, algorithm, public_jwk, encrypted_private_key, active_from, retired_at) values
       ('old', 'EdDSA', '{}', '\\x00', now() - interval '9 days', now() - interval '2 days'),
       ('kept', 'EdDSA', '{}', '\\x00', now() - interval '9 days', now() - interval '1 hour'),
       ('kept too', 'EdDSA', '{}', '\\x00', now(), null)`,
    // Tokens whose sessions live on; those of removed sessions go with them.
    `with s as (
       insert into auth.sessions (id, user_id, expires_at, access_expires_at, user_agent)
         select ${id}, ${user}, now() + interval '9 days', now(), 'kept' from generate_series(0, ${expired}) returning id
     )
     insert into auth.refresh_tokens (session_id, user_id, token_hash, expires_at)
       select id, ${user}, repeat('a', 64), now() - (case when row_number() over () = 1 then interval '1 hour' else interval '2 days' end)
         from s`,
  ];
  for (const statement of statements) await database.query(statement);
}

const BOUNDED = [
  'auth.revocations',
  'auth.sessions',
  'auth.refresh_tokens',
  'auth.registrations',
  'auth.login_attempts',
  'auth.outbox_events',
  'auth.challenges',
  'auth.messages',
  'auth.message_quotas',
  'accounts.users',
];
const NOTHING = Object.fromEntries([...BOUNDED, 'auth.replicas', 'auth.signing_keys'].map((relation) => [relation, 0]));
const each = (removed: number) => ({
  ...NOTHING,
  ...Object.fromEntries(BOUNDED.map((relation) => [relation, removed])),
});

describe('auth.delete_expired', () => {
  it('removes a batch of each kind at a time, all that has expired in the end, and nothing else', async () => {
    await addRows(25);
    expect(await deleteExpired()).toEqual({ ...each(10), 'auth.replicas': 1, 'auth.signing_keys': 1 });
    expect(await deleteExpired()).toEqual(each(10));
    expect(await deleteExpired()).toEqual(each(5));
    expect(await deleteExpired()).toEqual(NOTHING);

    const [kept] = await database.query(`
      select (select array_agg(distinct trigger) from auth.revocations) as revocations,
             (select array_agg(distinct user_agent) from auth.sessions) as sessions,
             (select count(*)::int from auth.sessions) as session_count,
             (select count(*)::int from auth.refresh_tokens) as tokens,
             (select array_agg(request_digest) from auth.registrations) as registrations,
             (select array_agg(subject) from auth.login_attempts) as attempts,
             (select array_agg(type) from auth.outbox_events) as events,
             (select array_agg(contact) from auth.challenges) as challenges,
             (select array_agg(recipient) from auth.messages) as messages,
             (select array_agg(subject) from auth.message_quotas) as quotas,
             (select count(*)::int from accounts.users where profile ? 'kept') as people,
             (select count(*)::int from accounts.users where is_guest) as guests,
             (select count(*)::int from auth.replicas) as replicas,
             (select array_agg(kid order by kid) from auth.signing_keys) as keys`);
    expect(kept).toEqual({
      revocations: ['kept'],
      sessions: ['kept'],
      session_count: 30,
      tokens: 1,
      registrations: ['kept'],
      attempts: ['kept'],
      events: ['test.kept'],
      challenges: ['kept'],
      messages: ['kept'],
      quotas: ['kept'],
      people: 3,
      guests: 2,
      replicas: 1,
      keys: ['kept', 'kept too'],
    });
  });

  it('does not wait for a row that somebody holds, and shares the rest among replicas', async () => {
    await database.query(`
      insert into auth.login_attempts (subject, failures, expires_at)
      select 'held-' || n, 1, now() - interval '1 second' from generate_series(1, 41) n`);
    const holder = await connectSuperuser(database);
    await holder.query('begin');
    await holder.query(`select from auth.login_attempts where subject = 'held-41' for update`);

    const removed = await inParallel(database.serviceUrl, 4, async (client) => {
      let total = 0;
      for (let turn = 0; turn < 4; turn += 1) {
        const { rows } = await client.query<Removed>(DELETE);
        total += counts(rows)['auth.login_attempts'] ?? 0;
      }
      return total;
    });
    await holder.end();
    expect((removed as number[]).reduce((sum, one) => sum + one, 0)).toBe(40);
    const left = await database.query<{ subject: string }>(
      `select subject from auth.login_attempts where subject like 'held-%'`,
    );
    expect(left).toEqual([{ subject: 'held-41' }]);
  });
});
