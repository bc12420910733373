-- Keeps a replica on the list.
-- Threat: a replica that comes back onto the list unseen. A revoker that did not find it there does not wait for it; so one
-- that has been off it, or was not seen for as long as it takes to lose its leases, has to register again, under the lock.
create or replace function auth.touch_replica(p_id uuid)
  returns void
  language sql
  volatile
  security definer
  set search_path = ''
begin atomic
  update auth.replicas r
     set seen_at = clock_timestamp()
   where r.id = p_id and r.seen_at > clock_timestamp() - interval '10 seconds';
end;
comment on function auth.touch_replica is 'Notes that a replica on the list is alive.';
grant execute on function auth.touch_replica to auth_service;
