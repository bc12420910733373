-- Whether a session began a short while ago.
-- Threat: an access token that was stolen, or a device left on a table. What could take the account over needs a login that
-- has just been shown; refreshing does not make a session younger.
create or replace function auth.is_recent_login(p_session_id uuid, p_max_age interval)
  returns boolean
  language sql
  stable
  security definer
  set search_path = ''
begin atomic
  select exists (
    select from auth.sessions s where s.id = p_session_id and s.created_at > now() - p_max_age and s.ended_at is null
  );
end;
comment on function auth.is_recent_login is 'Whether the session is live and began less than p_max_age ago.';
grant execute on function auth.is_recent_login to auth_service;
