-- What Logout does: ends this session, all, or all others of a user.
-- Threat: an access token that goes on after its session. With its own session the token's jti is revoked by itself too,
-- so that verifiers that know only a jti find it.
create or replace function auth.logout(
  p_user_id uuid,
  p_session_id uuid,
  p_scope text,
  p_token_id uuid,
  p_token_expires_at timestamptz
)
  returns table (ended integer, revision bigint, revoked_sessions uuid[], replicas uuid[], longest_lease_ms integer)
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_trigger text := 'logout_' || p_scope;
begin
  if p_scope = 'this' then
    revoked_sessions := array[p_session_id];
  else
    revoked_sessions := array(
      select s.id from auth.sessions s
       where s.user_id = p_user_id and s.ended_at is null and (p_scope = 'all' or s.id <> p_session_id)
    );
  end if;

  select e.ended, e.revision into ended, revision from auth.end_sessions(
    p_user_id, revoked_sessions, v_trigger, p_user_id
  ) e;
  if p_scope <> 'others' then
    revision := auth.record_revocations(
      'token', array[p_token_id], array[p_token_expires_at], p_user_id, v_trigger, p_user_id
    );
  end if;
  select l.replicas, l.longest_lease_ms into replicas, longest_lease_ms from auth.list_live_replicas() l;
  return next;
end
$$;
comment on function auth.logout is
  'Ends sessions by scope (this, all, others); returns the revision to be known everywhere, and by whom.';
grant execute on function auth.logout to auth_service;
