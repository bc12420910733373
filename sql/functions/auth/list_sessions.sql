-- The live sessions of a user for a list, the one that is asked for first, then by last activity, the latest first; 100 at the most.
-- A session whose refresh token has expired is over, however long it might have lasted.
-- Threats: a session of somebody else's in the list; the one that asks, left out of it because a hundred others were used later.
-- p_first is the session to be first, if it is one of them; null: none.
create or replace function auth.list_sessions(p_user_id uuid, p_first uuid default null)
  returns table (
    id uuid,
    user_agent text,
    ip text,
    interface text,
    created_at timestamptz,
    last_used_at timestamptz,
    expires_at timestamptz
  )
  language sql
  stable
  security definer
  set search_path = ''
begin atomic
  select s.id, s.user_agent, host(s.ip), s.interface, s.created_at, s.last_used_at, s.expires_at
    from auth.sessions s
    join auth.refresh_tokens t on t.session_id = s.id
   where s.user_id = p_user_id and s.ended_at is null and s.expires_at > now() and t.expires_at > now()
   order by s.id is not distinct from p_first desc, s.last_used_at desc, s.id desc
   limit 100;
end;
comment on function auth.list_sessions is 'The live sessions of a user: p_first first, then by last activity, the latest first.';
grant execute on function auth.list_sessions to auth_service;
