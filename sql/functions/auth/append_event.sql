-- Writes an event into the transaction that it tells of.
-- Threat: secrets in events. The callers pass ids and words only; nothing here reads a table.
create or replace function auth.append_event(p_type text, p_user_id uuid, p_session_id uuid, p_data jsonb)
  returns void
  language sql
  volatile
  security definer
  set search_path = ''
begin atomic
  insert into auth.outbox_events (type, user_id, session_id, data) values (p_type, p_user_id, p_session_id, p_data);
end;
comment on function auth.append_event is 'Appends an event to the outbox.';
grant execute on function auth.append_event to auth_service;
