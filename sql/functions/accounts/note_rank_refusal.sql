-- Writes down that somebody was refused because the other ranks higher, behind the transaction which that has undone.
-- Threats: somebody who tries those who rank higher, unseen. Somebody who fills the audit by trying: one entry a user, method and
-- minute, of the first whom he has tried; those who are refused at once wait for each other, and find it. An entry of what has not
-- happened, by a service that was taken over: nothing is written of somebody who does not rank higher.
create or replace function accounts.note_rank_refusal(p_actor uuid, p_user_id uuid, p_method text)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('rank.refused ' || p_actor || ' ' || p_method, 0));
  if accounts.outranks(p_user_id, p_actor) and not exists (
    select from auth.audit_events e
     where e.actor_id = p_actor and e.id > auth.first_id_at(clock_timestamp() - interval '1 minute')
       and e.action = 'rank.refused' and e.data ->> 'method' = left(p_method, 256)
  ) then
    perform auth.append_audit_event(
      'rank.refused', p_actor, p_user_id, null, null, jsonb_build_object('method', left(p_method, 256))
    );
  end if;
end
$$;
comment on function accounts.note_rank_refusal is
  'Writes rank.refused, with whom it was about and the method, at most once a minute.';
grant execute on function accounts.note_rank_refusal to auth_service;
