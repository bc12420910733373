-- A page of the audit, the latest first, from after p_before on. Filters that are null leave all.
-- Threats: a caller whose role was taken away a moment ago. A combination of filters that nothing meets, asked for again and again:
-- a call looks at 1000 entries of one index, whatever it finds among them, and the next one goes on from there.
-- The comparisons of rows name the one index that can answer each: of an actor who did something long ago, no plan reads all
-- that was done since. Without the settings the planner takes three thousand entries of somebody in a heap, to sort them.
create or replace function auth.list_audit_events(
  p_reader uuid,
  p_actor_id uuid,
  p_user_id uuid,
  p_organisation_id uuid,
  p_action text,
  p_start timestamptz,
  p_end timestamptz,
  p_before uuid,
  p_limit integer
)
  returns table (
    next_before uuid,
    id uuid,
    occurred_at timestamptz,
    action text,
    actor_id uuid,
    user_id uuid,
    organisation_id uuid,
    session_id uuid,
    data jsonb
  )
  language plpgsql
  stable
  security definer
  set search_path = ''
  set enable_seqscan = off
  set enable_bitmapscan = off
as $$
declare
  v_looked_at constant integer := 1000;
  -- An id and its time come from two looks at the clock.
  v_margin constant interval := '1 second';
  v_from uuid := coalesce(auth.first_id_at(p_start - v_margin), '00000000-0000-0000-0000-000000000000');
  v_to uuid := least(p_before, auth.first_id_at(p_end + v_margin), 'ffffffff-ffff-ffff-ffff-ffffffffffff');
begin
  perform accounts.require_permission(p_reader, 'auth.audit.read');
  return query
  with looked_at as (
    (
      select e.* from auth.audit_events e
       where p_user_id is not null
         and (e.user_id, e.id) >= (p_user_id, v_from) and (e.user_id, e.id) < (p_user_id, v_to)
       order by e.user_id desc, e.id desc limit v_looked_at
    ) union all (
      select e.* from auth.audit_events e
       where p_user_id is null and p_organisation_id is not null
         and (e.organisation_id, e.id) >= (p_organisation_id, v_from)
         and (e.organisation_id, e.id) < (p_organisation_id, v_to)
       order by e.organisation_id desc, e.id desc limit v_looked_at
    ) union all (
      select e.* from auth.audit_events e
       where p_user_id is null and p_organisation_id is null and p_actor_id is not null
         and (e.actor_id, e.id) >= (p_actor_id, v_from) and (e.actor_id, e.id) < (p_actor_id, v_to)
       order by e.actor_id desc, e.id desc limit v_looked_at
    ) union all (
      select e.* from auth.audit_events e
       where p_user_id is null and p_organisation_id is null and p_actor_id is null and p_action is not null
         and (e.action, e.id) >= (p_action, v_from) and (e.action, e.id) < (p_action, v_to)
       order by e.action desc, e.id desc limit v_looked_at
    ) union all (
      select e.* from auth.audit_events e
       where p_user_id is null and p_organisation_id is null and p_actor_id is null and p_action is null
         and e.id >= v_from and e.id < v_to
       order by e.id desc limit v_looked_at
    )
  ), found as (
    -- One more tells whether there is a next page.
    select l.* from looked_at l
     where (p_organisation_id is null or l.organisation_id = p_organisation_id)
       and (p_actor_id is null or l.actor_id = p_actor_id)
       and (p_action is null or l.action = p_action)
       and (p_start is null or l.occurred_at >= p_start)
       and (p_end is null or l.occurred_at < p_end)
     order by l.id desc
     limit p_limit + 1
  ), page as (
    select f.* from found f order by f.id desc limit p_limit
  )
  select n.next_before, g.id, g.occurred_at, g.action, g.actor_id, g.user_id, g.organisation_id, g.session_id, g.data
    from (
      select case
               when (select count(*) from found) > p_limit then (select l.id from page l order by l.id limit 1)
               when (select count(*) from looked_at) = v_looked_at then (select l.id from looked_at l order by l.id limit 1)
             end as next_before
    ) n
    left join page g on true
   order by g.id desc;
end
$$;
comment on function auth.list_audit_events is
  'Entries that meet every filter, the latest first, and where the next page begins (null: there is none); one row without an entry if there are none here. Raises PERMISSION_REQUIRED.';
grant execute on function auth.list_audit_events to auth_service;
