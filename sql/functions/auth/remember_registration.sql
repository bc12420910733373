-- Notes what a Register with an idempotency key did, in its transaction.
-- The caller holds the key's lock (auth.lock_registration) and has found nothing under it, or only something outdated.
create or replace function auth.remember_registration(
  p_key_hash text,
  p_request_digest text,
  p_user_id uuid,
  p_session_id uuid,
  p_token_id uuid,
  p_issued_at timestamptz,
  p_expires_at timestamptz
)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
begin
  delete from auth.registrations r where r.key_hash = p_key_hash and r.expires_at <= clock_timestamp();
  insert into auth.registrations (key_hash, request_digest, user_id, session_id, token_id, issued_at, expires_at)
  values (p_key_hash, p_request_digest, p_user_id, p_session_id, p_token_id, p_issued_at, p_expires_at);
end
$$;
comment on function auth.remember_registration is 'Notes a registration under its idempotency key.';
grant execute on function auth.remember_registration to auth_service;
