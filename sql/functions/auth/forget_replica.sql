-- Takes a replica off the list when it stops in order, so that no revoker waits for it. Called when it has stopped serving.
create or replace function auth.forget_replica(p_id uuid)
  returns void
  language sql
  volatile
  security definer
  set search_path = ''
begin atomic
  delete from auth.replicas r where r.id = p_id;
end;
comment on function auth.forget_replica is 'Takes a replica off the list of those that revokers wait for.';
grant execute on function auth.forget_replica to auth_service;
