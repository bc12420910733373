-- The replicas that may hold a lease on a view older than now. A replica is granted a lease only while its row is younger
-- than 10 seconds (auth.read_revocations), and a lease lasts 5 seconds at most: a row unseen for 20 seconds has none.
-- Volatile on purpose: called after the state's lock was taken, it must see replicas that registered before.
create or replace function auth.list_live_replicas()
  returns uuid[]
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
begin
  return array(select r.id from auth.replicas r where r.seen_at > clock_timestamp() - interval '20 seconds');
end
$$;
comment on function auth.list_live_replicas is 'The ids of replicas that may hold a lease.';
