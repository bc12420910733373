-- The replicas that may hold a lease on a view older than now, and the longest lease among them: a revoker waits for the
-- others' leases, and theirs may be set to another length than its own. A replica is granted a lease only while its row is
-- younger than 10 seconds (auth.read_revocations), and a lease lasts 5 seconds at most: a row unseen for 20 has none.
-- Volatile on purpose: called after the state's lock was taken, it must see replicas that registered before.
create or replace function auth.list_live_replicas()
  returns table (replicas uuid[], longest_lease_ms integer)
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
begin
  select coalesce(array_agg(r.id), '{}'), coalesce(ceil(extract(epoch from max(r.lease)) * 1000), 0)
    into replicas, longest_lease_ms
    from auth.replicas r
   where r.seen_at > clock_timestamp() - interval '20 seconds';
  return next;
end
$$;
comment on function auth.list_live_replicas is 'The ids of replicas that may hold a lease, and the longest of their leases.';
