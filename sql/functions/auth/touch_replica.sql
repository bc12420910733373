-- Keeps a replica on the list. It says nothing about a replica that has been taken off: that one must register again.
create or replace function auth.touch_replica(p_id uuid)
  returns void
  language sql
  volatile
  security definer
  set search_path = ''
begin atomic
  update auth.replicas r set seen_at = clock_timestamp() where r.id = p_id;
end;
comment on function auth.touch_replica is 'Notes that a replica is alive.';
grant execute on function auth.touch_replica to auth_service;
