-- The latest revision, and who may not know it yet: for a call that finds done what it was asked for, so that whoever repeats a
-- call that was interrupted is told when it holds everywhere.
-- No lock is needed: what it was asked for had been committed before, and who registers later reads it by himself.
-- Internal: called by functions that have found nothing to do.
create or replace function auth.read_revision()
  returns table (revision bigint, replicas uuid[], longest_lease_ms integer)
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
begin
  select s.revision into revision from auth.revocation_state s;
  select l.replicas, l.longest_lease_ms into replicas, longest_lease_ms from auth.list_live_replicas() l;
  return next;
end
$$;
comment on function auth.read_revision is 'The latest revision, the replicas that may not know it, and the longest of their leases.';
