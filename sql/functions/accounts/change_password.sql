-- Replaces a password by whoever has just shown it.
-- Threats: two changes at once, or a change that races a reset: the hash that was shown to be the current one is compared under
-- the lock of the user's row. A login with the old password at the same moment: it compares, too, under a lock that conflicts
-- (auth.create_session), so it comes before and is ended here, or it is refused. A session that was ended while the hashes were
-- computed.
create or replace function accounts.change_password(
  p_user_id uuid,
  p_session_id uuid,
  p_old_hash text,
  p_new_hash text,
  p_language text
)
  returns table (ended integer, revision bigint, replicas uuid[], longest_lease_ms integer)
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
begin
  perform accounts.lock_active_user(p_user_id);
  if not exists (
    select from auth.sessions s where s.id = p_session_id and s.user_id = p_user_id and s.ended_at is null
  ) then
    raise exception 'TOKEN_REVOKED' using errcode = 'AU001';
  end if;
  update accounts.users u
     set password_hash = p_new_hash, devices_since = clock_timestamp(), updated_at = now()
   where u.id = p_user_id and u.password_hash = p_old_hash;
  if not found then
    return;
  end if;
  perform auth.append_audit_event('password.changed', p_user_id, p_user_id, null, p_session_id, '{}');
  perform auth.enqueue_notice(p_user_id, 'password_changed', p_language);
  select c.ended, c.revision, c.replicas, c.longest_lease_ms into ended, revision, replicas, longest_lease_ms
    from auth.apply_cascade(p_user_id, 'password_change', p_session_id, p_user_id) c;
  return next;
end
$$;
comment on function accounts.change_password is
  'Replaces the hash if it is still the old one, and ends all other sessions; no row if it is not. Raises TOKEN_REVOKED.';
grant execute on function accounts.change_password to auth_service;
