-- The keys that sign or verify now, or will. Private parts leave the database as they are stored: encrypted.
create or replace function auth.list_signing_keys()
  returns table (
    kid text,
    algorithm text,
    public_jwk jsonb,
    encrypted_private_key bytea,
    created_at timestamptz,
    active_from timestamptz,
    retired_at timestamptz
  )
  language sql
  stable
  security definer
  set search_path = ''
begin atomic
  select k.kid, k.algorithm, k.public_jwk, k.encrypted_private_key, k.created_at, k.active_from, k.retired_at
    from auth.signing_keys k
   where k.retired_at is null or k.retired_at > clock_timestamp()
   order by k.active_from desc, k.kid;
end;
comment on function auth.list_signing_keys is 'The signing keys that are not retired, the newest first.';
grant execute on function auth.list_signing_keys to auth_service;
