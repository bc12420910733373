-- Ends sessions of one user: their refresh tokens die with them, their access tokens are revoked, and one event is written.
-- Threat: a refresh in flight that outlives the logout. Sessions are locked in the order of their ids before anything is
-- read from them; a refresh that waited finds the session ended.
-- Internal: every trigger goes through it, by way of auth.apply_cascade. p_actor is the user who did it; null: the service
-- itself.
create or replace function auth.end_sessions(p_user_id uuid, p_session_ids uuid[], p_trigger text, p_actor uuid)
  returns table (ended integer, revision bigint)
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_session_id uuid := case when cardinality(p_session_ids) = 1 then p_session_ids[1] end;
  v_ids uuid[];
  v_expire_times timestamptz[];
begin
  -- Locked in one statement and changed in another: the second one sees what a concurrent refresh has committed.
  perform from auth.sessions s
    where s.user_id = p_user_id and s.id = any (p_session_ids) and s.ended_at is null
    order by s.id
      for update;

  with ending as (
    update auth.sessions s
       set ended_at = now(), end_trigger = p_trigger, ended_by = p_actor
     where s.user_id = p_user_id and s.id = any (p_session_ids) and s.ended_at is null
    returning s.id, s.access_expires_at
  )
  -- Only sessions with access tokens that may still live are revoked: the others need none, and there may be many.
  select count(*),
         array_agg(e.id order by e.id) filter (where e.access_expires_at > now() - interval '5 minutes'),
         array_agg(e.access_expires_at order by e.id) filter (where e.access_expires_at > now() - interval '5 minutes')
    into ended, v_ids, v_expire_times
    from ending e;

  if ended > 0 then
    if p_actor <> p_user_id then
      perform auth.append_audit_event(
        'session.ended', p_actor, p_user_id, null, v_session_id,
        jsonb_build_object('trigger', p_trigger, 'ended_sessions', ended)
      );
    else
      perform auth.append_event(
        'session.ended', p_user_id, v_session_id, jsonb_build_object('trigger', p_trigger, 'ended_sessions', ended)
      );
    end if;
  end if;
  if v_ids is not null then
    revision := auth.record_revocations('session', v_ids, v_expire_times, p_user_id, p_trigger, p_actor);
  else
    select s.revision into revision from auth.revocation_state s;
  end if;
  return next;
end
$$;
comment on function auth.end_sessions is
  'Ends those of the sessions that are live; returns how many and the revision at which that is known.';
