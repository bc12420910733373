-- Stores the first refresh token of a session, as a hash.
create or replace function auth.create_refresh_token(
  p_user_id uuid,
  p_token_hash text,
  p_expires_at timestamptz,
  p_session_id uuid
)
  returns void
  language sql
  volatile
  security definer
  set search_path = ''
begin atomic
  insert into auth.refresh_tokens (session_id, user_id, token_hash, expires_at)
  values (p_session_id, p_user_id, p_token_hash, p_expires_at);
end;
comment on function auth.create_refresh_token is 'Stores the hash of a session''s first refresh token.';
grant execute on function auth.create_refresh_token to auth_service;
