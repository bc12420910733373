-- Tells a person of a change to his account, at one place: his primary e-mail address, or, where he has none, his primary phone,
-- or, without that, his primary contact of another type that messages can be sent to.
-- Threats: notices sent to somebody else: only a confirmed contact can be primary. Somebody without one is not told. A flood of
-- notices by somebody who changes things again and again: 20 a day, and one of a kind in the queue.
-- Internal: called by the functions that change something which an owner would want to know of, before they change where it goes.
create or replace function auth.enqueue_notice(p_user_id uuid, p_template text, p_language text)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_channel text;
  v_recipient text;
begin
  select t.channel, c.value into v_channel, v_recipient
    from accounts.user_contacts c
    join accounts.contact_types t on t.name = c.type
   where c.user_id = p_user_id and c.is_primary and t.channel is not null
   order by array_position(array['email', 'phone'], c.type), c.confirmed_at, c.id
   limit 1;
  if not found or exists (
    select from auth.messages m
     where m.user_id = p_user_id and m.template = p_template and m.recipient = v_recipient and m.state = 'pending'
  ) then
    return;
  end if;
  if auth.reserve_message('notices:' || p_user_id, 20, interval '1 day') = 0 then
    perform auth.enqueue_message(
      v_channel, v_recipient, p_template, p_language, p_user_id, null, now() + interval '1 day'
    );
  end if;
end
$$;
comment on function auth.enqueue_notice is
  'Enqueues a notice to the person''s primary e-mail address, else to his primary phone or other contact with a channel, if he has one.';
