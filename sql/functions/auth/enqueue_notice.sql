-- Tells a person of a change to his account, at his primary e-mail address; somebody without a confirmed one is not told.
-- Internal: called by the functions that change something which an owner would want to know of.
create or replace function auth.enqueue_notice(p_user_id uuid, p_template text, p_language text)
  returns void
  language sql
  volatile
  security definer
  set search_path = ''
begin atomic
  select auth.enqueue_message(t.channel, c.value, p_template, p_language, p_user_id, null, now() + interval '1 day')
    from accounts.user_contacts c
    join accounts.contact_types t on t.name = c.type
   where c.user_id = p_user_id and c.type = 'email' and c.is_primary and t.channel is not null;
end;
comment on function auth.enqueue_notice is 'Enqueues a notice to the person''s primary e-mail address, if he has one.';
