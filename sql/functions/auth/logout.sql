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
  returns table (ended integer, revision bigint, replicas uuid[], longest_lease_ms integer)
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_trigger text := 'logout_' || p_scope;
begin
  select c.ended, c.revision, c.replicas, c.longest_lease_ms into ended, revision, replicas, longest_lease_ms
    from auth.apply_cascade(p_user_id, v_trigger, p_session_id, p_user_id) c;
  if p_scope <> 'others' then
    revision := auth.record_revocations(
      'token', array[p_token_id], array[p_token_expires_at], p_user_id, v_trigger, p_user_id
    );
    -- Read behind the revision: who registers later reads it by himself.
    select l.replicas, l.longest_lease_ms into replicas, longest_lease_ms from auth.list_live_replicas() l;
  end if;
  return next;
end
$$;
comment on function auth.logout is
  'Ends sessions by scope (this, all, others); returns the revision to be known everywhere, and by whom.';
grant execute on function auth.logout to auth_service;
