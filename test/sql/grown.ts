import type { TestDatabase } from '../support/test-database.ts';

const PEOPLE = 2000;

/** Everything that hangs on a person, for each of them; what is one row in a hundred differs. */
const ROWS = [
  `insert into accounts.users (profile, is_guest) select '{"grown": true}', n % 100 = 0 from generate_series(1, ${PEOPLE}) n`,
  `insert into accounts.user_contacts (user_id, type, value, confirmed_at, is_primary)
     select u.id, t.type, t.type || u.id, now(), true from people u cross join unnest(array['email', 'phone']) t (type)`,
  `insert into accounts.user_group_memberships (user_id, group_name) select u.id, 'customer' from people u`,
  `insert into auth.sessions (id, user_id, expires_at, access_expires_at)
     select u.id, u.id, now() + interval '9 days', now() from people u`,
  `insert into auth.refresh_tokens (session_id, user_id, token_hash, expires_at)
     select u.id, u.id, repeat('a', 64), now() + interval '9 days' from people u`,
  `insert into auth.revocations (revision, kind, subject, user_id, trigger, expires_at)
     select row_number() over (), 'session', u.id, u.id, 'test', now() from people u`,
  `insert into auth.registrations (key_hash, request_digest, user_id, session_id, token_id, issued_at, expires_at)
     select md5(u.id::text) || md5(u.id::text), '', u.id, u.id, u.id, now(), now() from people u`,
  `insert into auth.login_attempts (subject, failures, expires_at) select u.id, 1, now() from people u`,
  `insert into auth.outbox_events (type, user_id) select 'test.grown', u.id from people u`,
  `insert into auth.challenges (id, purpose, method, contact_type, contact, user_id, secret_hash, expires_at)
     select u.id, 'password_reset', 'link', 'email', u.id, u.id, repeat('a', 64), now() from people u`,
  `insert into auth.messages (channel, recipient, template, language, user_id, challenge_id, expires_at)
     select 'email', u.id, 'test', 'en', u.id, u.id, now() from people u`,
  `insert into auth.audit_events (action, actor_id, user_id, organisation_id)
     select 'test.grown', u.id, u.id, u.id from people u`,
  `insert into accounts.organisations (id, name, created_by) select u.id, 'test', u.id from people u`,
  `insert into accounts.organisation_members (organisation_id, user_id) select u.id, u.id from people u`,
  `insert into accounts.user_group_memberships (user_id, group_name, organisation_id)
     select u.id, 'order_desk', u.id from people u`,
  `insert into auth.challenges (id, purpose, method, contact_type, contact, organisation_id, secret_hash, expires_at)
     select uuidv7(), 'invitation', 'link', 'email', u.id, u.id, repeat('a', 64), now() from people u`,
  `insert into accounts.organisation_invitations (challenge_id, organisation_id, invited_by, roles)
     select h.id, u.id, u.id, array['driver']
       from people u join auth.challenges h on h.organisation_id = u.id`,
  `insert into auth.message_quotas (subject, used, expires_at) select u.id, 1, now() from people u`,
];

/**
 * Fills the tables that grow with users and has them analysed: on empty ones all indexes cost the same, and the planner
 * takes any.
 */
export async function growTables(query: TestDatabase['query']): Promise<void> {
  for (const rows of ROWS) {
    await query(rows.replace(' people u', ` (select id from accounts.users where profile ? 'grown') u`));
  }
  await query('analyze');
}
