-- Ends what a trigger ends, in the transaction of what has triggered it: sessions with their refresh and access tokens, codes
-- and links. auth.revocation_triggers is the matrix; docs/revocation.md shows it.
-- Threat: a trigger that forgets one of them. No function ends sessions otherwise.
-- A trigger that ends no session has changed the user's roles: his tokens go on, with the new ones.
-- Internal: called by functions that have decided. p_session_id is the session in question: the one that the trigger ends, or
-- the one that it spares. p_actor is the user who did it; null: the service itself.
-- Call it last in a transaction: others wait for the lock that it takes.
create or replace function auth.apply_cascade(p_user_id uuid, p_trigger text, p_session_id uuid, p_actor uuid)
  returns table (ended integer, revision bigint, replicas uuid[], longest_lease_ms integer)
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_trigger auth.revocation_triggers;
  v_sessions uuid[];
begin
  select * into strict v_trigger from auth.revocation_triggers t where t.name = p_trigger;

  if v_trigger.ends_challenges then
    update auth.challenges h
       set ended_at = now(), end_cause = 'cascade'
     where h.user_id = p_user_id and h.ended_at is null;
  end if;

  if v_trigger.sessions = 'none' then
    ended := 0;
    revision := auth.record_roles(p_user_id, p_trigger, p_actor);
    select l.replicas, l.longest_lease_ms into replicas, longest_lease_ms from auth.list_live_replicas() l;
    return next;
    return;
  end if;

  if v_trigger.sessions = 'this' then
    v_sessions := array[p_session_id];
  else
    v_sessions := array(
      select s.id from auth.sessions s
       where s.user_id = p_user_id and s.ended_at is null
         and (v_trigger.sessions = 'all' or s.id is distinct from p_session_id)
    );
  end if;

  select e.ended, e.revision into ended, revision
    from auth.end_sessions(p_user_id, v_sessions, p_trigger, p_actor) e;
  select l.replicas, l.longest_lease_ms into replicas, longest_lease_ms from auth.list_live_replicas() l;
  return next;
end
$$;
comment on function auth.apply_cascade is
  'Ends what the matrix says of the trigger; returns how many sessions, the revision to be known everywhere, and by whom.';
