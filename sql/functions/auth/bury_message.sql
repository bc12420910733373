-- Gives a message up: nobody tries any more, unless an administrator resends it. The event is what alarms are made of.
-- Threat: contacts and contents in events. Neither the recipient nor the error, which may quote him, is in it.
-- Internal: called by functions that hold the row's lock.
create or replace function auth.bury_message(p_id uuid, p_error text)
  returns void
  language sql
  volatile
  security definer
  set search_path = ''
begin atomic
  update auth.messages m set state = 'dead', last_error = left(p_error, 1000) where m.id = p_id;
  select auth.append_event(
    'message.dead', m.user_id, null,
    jsonb_build_object('message_id', m.id, 'channel', m.channel, 'template', m.template, 'attempts', m.attempts)
  )
    from auth.messages m where m.id = p_id;
end;
comment on function auth.bury_message is 'Makes a message dead, with what was wrong, and writes the event message.dead.';
