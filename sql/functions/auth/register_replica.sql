-- Announces a replica before it takes its first lease.
-- Threat: a revocation that commits between this replica's look at the revocations and its appearance on the list that
-- revokers wait for. The share lock waits for revokers in flight, and revokers that come later see the row.
-- p_token_lifetime: how long access tokens of the replica live.
create or replace function auth.register_replica(p_id uuid, p_lease interval, p_token_lifetime interval)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
begin
  perform from auth.revocation_state s for share;
  insert into auth.replicas as r (id, lease, token_lifetime) values (p_id, p_lease, p_token_lifetime)
  on conflict (id) do update
    set lease = excluded.lease, token_lifetime = excluded.token_lifetime, seen_at = clock_timestamp();
end
$$;
comment on function auth.register_replica is 'Puts a replica on the list of those that revokers wait for.';
grant execute on function auth.register_replica to auth_service;
