-- Lets one Register per idempotency key through at a time, until its transaction ends.
-- Threat: two calls with one key at once. The second waits here and then finds what the first did.
create or replace function auth.lock_registration(p_key_hash text)
  returns void
  language sql
  volatile
  security definer
  set search_path = ''
begin atomic
  select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(p_key_hash, 0));
end;
comment on function auth.lock_registration is 'Takes the lock of an idempotency key until the end of the transaction.';
grant execute on function auth.lock_registration to auth_service;
