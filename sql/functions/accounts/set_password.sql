-- Gives an account its first password.
-- Threats: a password that is replaced without being shown: only one that is not there is set, under the lock of the user's
-- row. A guest, who has no contact to log in with. A session that was ended while the hash was computed.
create or replace function accounts.set_password(p_user_id uuid, p_session_id uuid, p_new_hash text, p_language text)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_user accounts.users;
begin
  v_user := accounts.lock_active_user(p_user_id);
  if not exists (
    select from auth.sessions s where s.id = p_session_id and s.user_id = p_user_id and s.ended_at is null
  ) then
    raise exception 'TOKEN_REVOKED' using errcode = 'AU001';
  end if;
  if v_user.is_guest then
    raise exception 'ACCOUNT_REQUIRED' using errcode = 'AU001';
  end if;
  if v_user.password_hash is not null then
    raise exception 'PASSWORD_ALREADY_SET' using errcode = 'AU001';
  end if;
  update accounts.users u set password_hash = p_new_hash, updated_at = now() where u.id = p_user_id;
  perform auth.append_audit_event('password.set', p_user_id, p_user_id, null, p_session_id, '{}');
  perform auth.enqueue_notice(p_user_id, 'password_changed', p_language);
end
$$;
comment on function accounts.set_password is
  'Sets the password of an account that has none. Raises PASSWORD_ALREADY_SET, ACCOUNT_REQUIRED, TOKEN_REVOKED.';
grant execute on function accounts.set_password to auth_service;
