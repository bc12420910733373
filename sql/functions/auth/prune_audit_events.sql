-- Removes the oldest entries of the audit, a bounded number a call. Not granted to the service: a command on the machine runs it
-- as the owner.
-- Threats: somebody who covers his tracks: what is younger than 30 days stays, whoever asks. A removal that nobody hears of: it
-- is an event.
create or replace function auth.prune_audit_events(p_older_than interval, p_batch integer)
  returns bigint
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_removed bigint;
begin
  if p_older_than is null or now() - p_older_than > now() - interval '30 days' then
    raise exception 'AUDIT_TOO_YOUNG' using errcode = 'AU001';
  end if;
  with old as (
    select e.id from auth.audit_events e
     where e.id < auth.first_id_at(now() - p_older_than) and e.occurred_at < now() - p_older_than
     order by e.id limit p_batch for update skip locked
  ), gone as (
    delete from auth.audit_events e using old where e.id = old.id returning 1
  )
  select count(*) into v_removed from gone;
  if v_removed > 0 then
    perform auth.append_event(
      'audit.pruned', null, null, jsonb_build_object('before', now() - p_older_than, 'removed', v_removed)
    );
  end if;
  return v_removed;
end
$$;
comment on function auth.prune_audit_events is
  'Removes entries that are older, the oldest first, and returns how many. Raises AUDIT_TOO_YOUNG for less than 30 days.';
