-- Begins a session.
-- Threats: an account that was deactivated while its password was being checked, or whose password was changed or reset then:
-- the old one would open a session that nobody ends. The user's row is read again, under a lock that these conflict with; null
-- tells the caller to refuse. p_password_hash is what a password was checked against; null: the session begins without one.
create or replace function auth.create_session(
  p_user_id uuid,
  p_session_id uuid,
  p_interface text,
  p_user_agent text,
  p_ip inet,
  p_expires_at timestamptz,
  p_access_expires_at timestamptz,
  p_password_hash text default null
)
  returns text[]
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
begin
  perform from accounts.users u
    where u.id = p_user_id and u.is_active and u.deleted_at is null
      and (p_password_hash is null or u.password_hash = p_password_hash)
      for share;
  if not found then
    return null;
  end if;
  insert into auth.sessions (id, user_id, interface, user_agent, ip, expires_at, access_expires_at)
  values (p_session_id, p_user_id, p_interface, p_user_agent, p_ip, p_expires_at, p_access_expires_at);
  return accounts.get_user_roles(p_user_id);
end
$$;
comment on function auth.create_session is
  'Begins a session of an active user and returns his roles for its first token; null for a user who is not active, or has another password by now.';
grant execute on function auth.create_session to auth_service;
