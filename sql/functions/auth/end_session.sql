-- What EndSession does: ends one of the caller's sessions.
-- Threats: a session of somebody else's, ended or only found out by its id: it is answered as one that does not exist. A session
-- that goes on because a call was repeated: one that has ended already is answered with a revision at which that is known.
create or replace function auth.end_session(p_user_id uuid, p_session_id uuid)
  returns table (revision bigint, replicas uuid[], longest_lease_ms integer)
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
begin
  if not exists (select from auth.sessions s where s.id = p_session_id and s.user_id = p_user_id) then
    raise exception 'SESSION_NOT_FOUND' using errcode = 'AU001';
  end if;
  return query
    select c.revision, c.replicas, c.longest_lease_ms
      from auth.apply_cascade(p_user_id, 'session_ended', p_session_id, p_user_id) c;
end
$$;
comment on function auth.end_session is
  'Ends a session of the user; returns the revision to be known everywhere, and by whom. Raises SESSION_NOT_FOUND.';
grant execute on function auth.end_session to auth_service;
