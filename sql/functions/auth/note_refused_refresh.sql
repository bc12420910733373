-- Leaves an event: somebody has presented a refresh token of a session without the key that it is bound to.
-- Threats: whoever has a copied token fills the outbox with it: there is at most one event a minute and session, however many
-- calls are made at once (the row's own lock decides). A session that is ended by it: nothing but the time of the event is written.
-- Of a session that is over there is nothing to tell: its tokens are good for nothing, with the key or without.
create or replace function auth.note_refused_refresh(p_session_id uuid)
  returns void
  language sql
  volatile
  security definer
  set search_path = ''
begin atomic
  with noted as (
    update auth.refresh_tokens t
       set refused_at = clock_timestamp()
      from auth.sessions s
     where t.session_id = p_session_id
       and s.id = t.session_id
       and s.ended_at is null
       and least(s.expires_at, t.expires_at) > clock_timestamp()
       and (t.refused_at is null or t.refused_at <= clock_timestamp() - interval '1 minute')
    returning t.user_id, t.session_id
  )
  select auth.append_event('session.refresh_refused', n.user_id, n.session_id, '{}') from noted n;
end;
comment on function auth.note_refused_refresh is
  'Writes the event session.refresh_refused of a live session, at most once a minute.';
grant execute on function auth.note_refused_refresh to auth_service;
