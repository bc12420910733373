-- What an earlier Register with the same idempotency key did.
-- Threat: whoever guesses a key gets an account's tokens. The caller compares the request's digest and the password too.
create or replace function auth.find_registration(p_key_hash text)
  returns table (
    request_digest text,
    user_id uuid,
    password_hash text,
    roles text[],
    session_id uuid,
    token_id uuid,
    issued_at timestamptz,
    access_expires_at timestamptz,
    refresh_expires_at timestamptz,
    generation integer,
    is_live boolean
  )
  language sql
  stable
  security definer
  set search_path = ''
begin atomic
  select r.request_digest, r.user_id, u.password_hash, accounts.get_user_roles(r.user_id), r.session_id, r.token_id,
         r.issued_at, s.access_expires_at, t.expires_at, t.generation,
         s.ended_at is null and u.is_active and u.deleted_at is null
    from auth.registrations r
    join accounts.users u on u.id = r.user_id
    left join auth.sessions s on s.id = r.session_id
    left join auth.refresh_tokens t on t.session_id = r.session_id
   where r.key_hash = p_key_hash and r.expires_at > clock_timestamp();
end;
comment on function auth.find_registration is 'The registration that was made with an idempotency key, if it is kept still.';
grant execute on function auth.find_registration to auth_service;
