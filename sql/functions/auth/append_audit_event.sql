-- Writes who did what to whom: into the audit, which stays, and into the outbox, which is published.
-- Threats: an entry that is forged or removed by a service that was taken over: it may not call this, and no function that it may
-- call changes or removes one. Secrets in entries: callers pass ids and words only.
-- Internal: called by functions that do what they tell of, or have refused it.
create or replace function auth.append_audit_event(
  p_action text,
  p_actor uuid,
  p_user_id uuid,
  p_organisation_id uuid,
  p_session_id uuid,
  p_data jsonb
)
  returns void
  language sql
  volatile
  security definer
  set search_path = ''
begin atomic
  insert into auth.audit_events (action, actor_id, user_id, organisation_id, session_id, data)
  values (p_action, p_actor, p_user_id, p_organisation_id, p_session_id, p_data);

  insert into auth.outbox_events (type, actor_id, user_id, session_id, data)
  values (
    p_action, p_actor, p_user_id, p_session_id,
    p_data || jsonb_strip_nulls(jsonb_build_object('organisation_id', p_organisation_id))
  );
end;
comment on function auth.append_audit_event is 'Appends to the audit and to the outbox.';
