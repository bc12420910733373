import pg from 'pg';

/** How many people are in one organisation: the same in every database, as a page of them would differ otherwise. */
export const PEOPLE_PER_ORGANISATION = 50;
/** The actions that the audit is filled with. */
export const AUDIT_ACTIONS = ['role.granted', 'role.revoked', 'session.ended', 'user.updated'] as const;

/** What is in the database, the parents first. `people` holds everybody with a number, `organisations` theirs. */
const ROWS = [
  `create temporary table people as
     select n, uuidv7((n - $users) * interval '20 seconds') as id, now() + (n - $users) * interval '20 seconds' as since,
            case n % 100 when 7 then 'deactivated' when 13 then 'deleted' when 17 then 'guest' else 'active' end as state,
            1 + (n - 1) / ${PEOPLE_PER_ORGANISATION} as organisation
       from generate_series(1, $users) n`,
  `create temporary table all_organisations as
     select p.organisation as n, uuidv7() as id, min(p.n) as head from people p group by p.organisation`,
  `create index on people (n)`,
  `create index on all_organisations (n)`,
  `analyze people`,
  `analyze all_organisations`,
  `insert into accounts.users (id, display_name, is_active, is_guest, deactivated_at, deleted_at, created_at, updated_at)
     select id, 'Person ' || n, state in ('active', 'guest'), state = 'guest',
            case when state = 'deactivated' then since end, case when state = 'deleted' then since end, since, since
       from people`,
  `insert into accounts.user_contacts (user_id, type, value, confirmed_at, is_primary, created_at)
     select p.id, c.type, c.value, p.since, true, p.since
       from people p
       cross join lateral (
         values ('email', 'person' || p.n || '@example.com'), ('phone', '+7900' || lpad(p.n::text, 7, '0'))
       ) c (type, value)
      where p.state <> 'guest'`,
  // One in a thousand is staff, each organisation has one head, and the others are customers, drivers and couriers.
  `insert into accounts.user_group_memberships (user_id, group_name)
     select p.id, case when p.state = 'guest' then 'guest' when o.head is not null then 'executor_head'
                       when p.n % 1000 = 3 then 'support' when p.n % 10 = 4 then 'driver' when p.n % 50 = 5 then 'courier'
                       else 'customer' end
       from people p left join all_organisations o on o.head = p.n`,
  `insert into accounts.organisations (id, name, created_by)
     select o.id, 'Organisation ' || o.n, p.id from all_organisations o join people p on p.n = o.head`,
  `insert into accounts.organisation_members (organisation_id, user_id, is_head)
     select o.id, p.id, p.n = o.head from people p join all_organisations o on o.n = p.organisation`,
  `insert into accounts.user_group_memberships (user_id, group_name, organisation_id)
     select p.id, 'driver', o.id from people p join all_organisations o on o.n = p.organisation where p.state = 'active'`,
  `insert into auth.sessions (id, user_id, interface, user_agent, ip, created_at, last_used_at, expires_at, access_expires_at)
     select gen_random_uuid(), id, 'customer', 'Mozilla/5.0', '192.0.2.1', since, since, now() + interval '30 days', now() - interval '1 hour'
       from people where state in ('active', 'guest')`,
  `insert into auth.refresh_tokens (session_id, user_id, token_hash, expires_at)
     select s.id, s.user_id, repeat('a', 64), now() + interval '7 days' from auth.sessions s`,
  `create temporary table invitations as
     select uuidv7() as id, o.id as organisation, p.id as head, 'invited' || o.n || '-' || i || '@example.com' as contact
       from all_organisations o join people p on p.n = o.head cross join generate_series(1, 3) i`,
  `insert into auth.challenges (id, purpose, method, contact_type, contact, organisation_id, secret_hash, expires_at)
     select id, 'invitation', 'link', 'email', contact, organisation, repeat('a', 64), now() + interval '7 days'
       from invitations`,
  `insert into accounts.organisation_invitations (challenge_id, organisation_id, invited_by, roles)
     select id, organisation, head, array['driver'] from invitations`,
  `insert into auth.messages (channel, recipient, template, language, challenge_id, state, attempts, sent_at, expires_at)
     select 'email', contact, 'invitation', 'en', id, 'sent', 1, now(), now() + interval '7 days' from invitations`,
  `insert into auth.message_quotas (subject, used, expires_at)
     select 'contact:' || contact, 1, now() + interval '1 day' from invitations`,
  `insert into auth.audit_events (id, occurred_at, action, actor_id, user_id, organisation_id)
     select uuidv7((p.n - $users) * interval '20 seconds'), p.since,
            (array['${AUDIT_ACTIONS.join("', '")}'])[1 + p.n % ${AUDIT_ACTIONS.length}], h.id, p.id, o.id
       from people p join all_organisations o on o.n = p.organisation join people h on h.n = o.head`,
  // As many as live at a time; the service reads all of them when it starts.
  `insert into auth.revocations (revision, kind, subject, user_id, trigger, expires_at)
     select s.revision + row_number() over (order by p.n), 'session', gen_random_uuid(), p.id, 'logout', now() + interval '1 hour'
       from people p cross join auth.revocation_state s where p.n % 100 = 50`,
  `update auth.revocation_state set revision = greatest(revision, (select max(r.revision) from auth.revocations r))`,
  `insert into auth.outbox_events (type, user_id, actor_id)
     select 'role.granted', p.id, p.id from people p`,
] as const;

type Index = { readonly name: string; readonly text: string };

/**
 * Fills a migrated database. A million rows are put beside their indexes, which are built anew behind them, and nothing is
 * checked that the rows are made to keep; they are as durable as any.
 */
export async function populate(adminUrl: string, users: number, say: (text: string) => void): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query(
      `set session_replication_role = replica; set synchronous_commit = off;
       set maintenance_work_mem = '512MB'; set work_mem = '256MB'; set temp_buffers = '256MB'`,
    );
    const { rows: indexes } = await client.query<Index>(
      `select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as text
         from pg_index i join pg_class t on t.oid = i.indrelid
        where t.relnamespace::regnamespace::text in ('accounts', 'auth')
          and not exists (select from pg_constraint c where c.conindid = i.indexrelid)`,
    );
    for (const { name } of indexes) await client.query(`drop index ${name}`);
    for (const rows of ROWS) {
      const begun = performance.now();
      await client.query(rows.replaceAll('$users', String(users)));
      const seconds = (performance.now() - begun) / 1000;
      if (seconds > 1) say(`${seconds.toFixed(0)} s: ${rows.trim().slice(0, 60)}`);
    }
    const begun = performance.now();
    for (const { text } of indexes) await client.query(text);
    say(`${((performance.now() - begun) / 1000).toFixed(0)} s: ${indexes.length} indexes`);
    // Vacuum, too: the first reader of a row would do the work otherwise, and be measured.
    await client.query('vacuum (analyze)');
    await client.query('checkpoint');
  } finally {
    await client.end();
  }
}
