-- Notes what has become of an attempt, and returns the state of the message then; null: it was not this sender's any more.
--
-- Threats: a slow sender who overrules the next one: the number of the attempt has to be the last one. An endless trial: ten
-- attempts, and none after what the message carries has expired; then it is dead.
--
-- Outcomes: sent; retry, after p_retry_in; failed, for good.
create or replace function auth.finish_message(
  p_id uuid,
  p_attempt integer,
  p_outcome text,
  p_error text,
  p_retry_in interval
)
  returns text
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_expires_at timestamptz;
begin
  select m.expires_at into v_expires_at
    from auth.messages m where m.id = p_id and m.state = 'sending' and m.attempts = p_attempt for update;
  if not found then
    return null;
  end if;
  if p_outcome = 'sent' then
    update auth.messages m set state = 'sent', sent_at = v_now, last_error = null where m.id = p_id;
    return 'sent';
  end if;
  if p_outcome = 'retry' and p_attempt < 10 and v_now + p_retry_in < v_expires_at then
    update auth.messages m
       set state = 'pending', next_attempt_at = v_now + p_retry_in, last_error = left(p_error, 1000)
     where m.id = p_id;
    return 'pending';
  end if;
  perform auth.bury_message(p_id, p_error);
  return 'dead';
end
$$;
comment on function auth.finish_message is
  'Ends an attempt as sent, retry or failed; returns sent, pending or dead, and null for an attempt that is not the last one.';
grant execute on function auth.finish_message to auth_service;
