-- Puts a message into the queue, in the transaction that causes it.
-- Threats: a code or a link in the queue: only the id of its challenge is; secrets are derived when it is sent. A reader of
-- the database then has nothing that logs him in.
-- Internal: called by functions that have decided who gets what. The language is the person's own, else that of the request.
create or replace function auth.enqueue_message(
  p_channel text,
  p_recipient text,
  p_template text,
  p_language text,
  p_user_id uuid,
  p_challenge_id uuid,
  p_expires_at timestamptz,
  p_is_suppressed boolean default false
)
  returns void
  language sql
  volatile
  security definer
  set search_path = ''
begin atomic
  insert into auth.messages (channel, recipient, template, language, user_id, challenge_id, expires_at, state)
  values (
    p_channel, p_recipient, p_template,
    coalesce((select u.language from accounts.users u where u.id = p_user_id), p_language),
    p_user_id, p_challenge_id, p_expires_at,
    case when p_is_suppressed then 'suppressed' else 'pending' end
  );
end;
comment on function auth.enqueue_message is 'Enqueues a message, or notes one that nobody is to get.';
