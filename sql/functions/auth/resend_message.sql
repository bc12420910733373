-- Puts a dead message into the queue again; the event says who did it.
-- Threats: a second copy of what was sent: only a dead one is resent, under its row's lock. Attempts go on counting, because
-- their numbers keep an old sender out; one that had ten gets one more.
create or replace function auth.resend_message(p_id uuid, p_actor uuid)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_message auth.messages;
begin
  select * into v_message from auth.messages m where m.id = p_id and m.state <> 'suppressed' for update;
  if not found then
    raise exception 'MESSAGE_NOT_FOUND' using errcode = 'AU001';
  end if;
  if v_message.state <> 'dead' then
    raise exception 'MESSAGE_NOT_DEAD' using errcode = 'AU001';
  end if;
  perform from auth.challenges h where h.id = v_message.challenge_id and h.ended_at is not null;
  if found or v_message.expires_at <= clock_timestamp() then
    raise exception 'MESSAGE_EXPIRED' using errcode = 'AU001';
  end if;
  update auth.messages m set state = 'pending', next_attempt_at = clock_timestamp() where m.id = p_id;
  perform auth.append_audit_event(
    'message.resent', p_actor, v_message.user_id, null, null, jsonb_build_object('message_id', p_id, 'actor', p_actor)
  );
end
$$;
comment on function auth.resend_message is
  'Enqueues a dead message again. Raises MESSAGE_NOT_FOUND, MESSAGE_NOT_DEAD, MESSAGE_EXPIRED.';
grant execute on function auth.resend_message to auth_service;
