-- Ends one session of a user, or with p_session_id null all of them, for an administrator.
-- Threats: those of accounts.administer_user. A session of somebody else's, whom the caller may not touch: it is not found, like
-- one that there is not. One that has ended already: nothing changes, and the answer is the same.
create or replace function auth.end_user_sessions(p_actor uuid, p_user_id uuid, p_session_id uuid)
  returns table (ended integer, revision bigint, replicas uuid[], longest_lease_ms integer)
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
begin
  perform accounts.administer_user(p_actor, 'auth.sessions.end', p_user_id);
  if p_session_id is not null and not exists (
    select from auth.sessions s where s.id = p_session_id and s.user_id = p_user_id
  ) then
    raise exception 'SESSION_NOT_FOUND' using errcode = 'AU001';
  end if;
  if exists (
    select from auth.sessions s
     where s.user_id = p_user_id and s.ended_at is null and s.id = coalesce(p_session_id, s.id)
  ) then
    perform auth.append_audit_event('user.sessions_ended', p_actor, p_user_id, null, p_session_id, '{}');
  end if;
  select c.ended, c.revision, c.replicas, c.longest_lease_ms into ended, revision, replicas, longest_lease_ms
    from auth.apply_cascade(
      p_user_id, case when p_session_id is null then 'admin_sessions_ended' else 'session_ended' end, p_session_id, p_actor
    ) c;
  return next;
end
$$;
comment on function auth.end_user_sessions is
  'Ends one session of a user, or all. Raises SESSION_NOT_FOUND, and what accounts.administer_user raises.';
grant execute on function auth.end_user_sessions to auth_service;
