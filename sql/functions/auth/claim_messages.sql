-- Takes messages of one channel that are due, for a sender who has p_lease to send them; after that another may.
--
-- Threats:
-- - A message that is sent twice: a taken row is skipped by the others, and the number of the attempt goes with it, so that a
--   sender who was only slow cannot decide about the attempt of the next one (auth.finish_message).
-- - A flood at our expense: p_budget is how many may be taken in an hour, by all replicas, retries included. It is counted
--   under the row's lock, and `messages.budget_used_up` is written when the last place is taken. What finds none waits for the
--   next hour, or for its end.
-- - What is of no use any more: a code or a link that has expired, was used or replaced is not sent, only noted as dead. So is
--   a message that has taken its senders with it ten times.
-- - A backlog that holds the others up: what dies here is passed over in the same call, a bounded number of rows.
-- Suppressed messages are nobody's, and never due.
create or replace function auth.claim_messages(p_channel text, p_limit integer, p_lease interval, p_budget integer)
  returns table (
    id uuid,
    attempt integer,
    recipient text,
    template text,
    language text,
    challenge_id uuid,
    purpose text,
    method text,
    created_at timestamptz,
    expires_at timestamptz
  )
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_quota constant text := 'channel:' || p_channel;
  v_left integer := p_limit;
  v_seen integer := 0;
  v_wait integer;
  v_error text;
  v_ended_at timestamptz;
  v_message auth.messages;
begin
  while v_left > 0 and v_seen < 500 loop
    for v_message in
      select m.* from auth.messages m
       where m.channel = p_channel and m.state in ('pending', 'sending') and m.next_attempt_at <= v_now
       -- Somebody waits for a code; a notice has time.
       order by (m.challenge_id is null), m.next_attempt_at, m.id
       limit v_left
         for update skip locked
    loop
      v_seen := v_seen + 1;
      select h.purpose, h.method, h.ended_at into purpose, method, v_ended_at
        from auth.challenges h where h.id = v_message.challenge_id;
      v_error := case
        when v_message.expires_at <= v_now then 'It expired before it could be sent.'
        when v_ended_at is not null then 'The code or link in it was used or replaced before it could be sent.'
        when v_message.state = 'sending' and v_message.attempts >= 10 then
          'Ten senders have ended before they could tell what became of it.'
      end;
      if v_error is not null then
        perform auth.bury_message(v_message.id, v_error);
        continue;
      end if;

      if p_budget is not null then
        v_wait := auth.reserve_message(v_quota, p_budget, interval '1 hour');
        if v_wait > 0 then
          update auth.messages m
             set state = 'pending', next_attempt_at = least(v_now + v_wait * interval '1 second', m.expires_at)
           where m.id = v_message.id;
          continue;
        end if;
        perform auth.append_event(
          'messages.budget_used_up', null, null, jsonb_build_object('channel', p_channel, 'budget', p_budget)
        )
          from auth.message_quotas q where q.subject = v_quota and q.used = p_budget;
      end if;

      update auth.messages m
         set state = 'sending', attempts = m.attempts + 1, next_attempt_at = v_now + p_lease
       where m.id = v_message.id;
      v_left := v_left - 1;
      id := v_message.id;
      attempt := v_message.attempts + 1;
      recipient := v_message.recipient;
      template := v_message.template;
      language := v_message.language;
      challenge_id := v_message.challenge_id;
      created_at := v_message.created_at;
      expires_at := v_message.expires_at;
      return next;
    end loop;
    exit when not found;
  end loop;
end
$$;
comment on function auth.claim_messages is
  'Takes due messages of a channel for one attempt each; p_budget: how many in an hour, null for any number.';
grant execute on function auth.claim_messages to auth_service;
