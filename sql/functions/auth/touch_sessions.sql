-- Writes down when sessions were last used: at most once a minute for each, whatever the number of replicas.
-- Threats: a write for every validation, which would be the most frequent one by far. A refresh or a logout that waits for a list of
-- sessions: a locked one is passed over, as whoever holds it writes the time itself or ends it. Two replicas that lock the same
-- sessions: both go in the order of ids, and the second passes over. Times that are not ours: none is later than now or earlier
-- than the one that is stored.
create or replace function auth.touch_sessions(p_session_ids uuid[], p_used_at timestamptz[])
  returns integer
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_ids uuid[];
  v_touched integer;
begin
  v_ids := array(
    select s.id
      from auth.sessions s
     where s.id = any (p_session_ids) and s.ended_at is null and s.last_used_at < now() - interval '1 minute'
     order by s.id
       for no key update skip locked
  );
  with touched as (
    update auth.sessions s
       set last_used_at = least(u.used_at, now())
      from unnest(p_session_ids, p_used_at) u (id, used_at)
     where s.id = any (v_ids) and s.id = u.id and s.last_used_at < u.used_at
    returning s.id
  )
  select count(*) into v_touched from touched;
  return v_touched;
end
$$;
comment on function auth.touch_sessions is
  'Notes when live sessions were last used, those that have not been noted for a minute; returns how many were written.';
grant execute on function auth.touch_sessions to auth_service;
