-- The live sessions of a user for administrators.
-- Threat: an administrator whose role was taken away a moment ago: accounts.require_permission.
create or replace function auth.list_user_sessions(p_actor uuid, p_user_id uuid)
  returns table (
    id uuid,
    user_agent text,
    ip text,
    interface text,
    created_at timestamptz,
    last_used_at timestamptz,
    expires_at timestamptz
  )
  language plpgsql
  stable
  security definer
  set search_path = ''
as $$
begin
  perform accounts.require_permission(p_actor, 'auth.sessions.read');
  if not exists (select from accounts.users u where u.id = p_user_id) then
    raise exception 'USER_NOT_FOUND' using errcode = 'AU001';
  end if;
  return query select s.* from auth.list_sessions(p_user_id) s;
end
$$;
comment on function auth.list_user_sessions is
  'The live sessions of a user, by last activity, the latest first. Raises PERMISSION_REQUIRED, USER_NOT_FOUND.';
grant execute on function auth.list_user_sessions to auth_service;
