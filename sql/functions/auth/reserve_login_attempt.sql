-- Counts a login attempt before it is evaluated.
-- Threat: parallel guesses. Each call takes its place under the row's lock, so exactly the limit is ever evaluated however
-- many arrive at once; a success clears the count, an attempt that was not evaluated gives its place back.
-- Beyond the limit of an account one attempt is let through per block, and blocks double from 60 seconds to 15 minutes.
-- An address that has used its failures up is refused until its day is over.
-- It returns an outcome, because a refusal must leave its count behind.
create or replace function auth.reserve_login_attempt(
  p_subject text,
  p_limit integer,
  p_first_block interval,
  p_longest_block interval,
  p_window interval
)
  returns table (is_allowed boolean, retry_after_seconds integer)
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_attempt auth.login_attempts;
  v_now timestamptz;
begin
  -- One statement that makes or locks the row: between two it could be removed, and the attempt would count for nothing.
  insert into auth.login_attempts as a (subject, failures, expires_at)
  values (p_subject, 0, clock_timestamp() + p_window)
  on conflict (subject) do update set failures = a.failures
  returning * into v_attempt;
  v_now := clock_timestamp();

  if v_attempt.expires_at <= v_now then
    v_attempt.failures := 0;
    v_attempt.blocked_until := null;
    v_attempt.expires_at := v_now + p_window;
  end if;

  is_allowed := v_attempt.blocked_until is null or v_attempt.blocked_until <= v_now;
  retry_after_seconds := case when is_allowed then 0 else ceil(extract(epoch from v_attempt.blocked_until - v_now)) end;
  if is_allowed then
    v_attempt.failures := v_attempt.failures + 1;
    if v_attempt.failures >= p_limit then
      v_attempt.blocked_until := v_now + case
        when p_first_block is null then v_attempt.expires_at - v_now
        else least(p_first_block * power(2, least(v_attempt.failures - p_limit, 20)), p_longest_block)
      end;
    end if;
  end if;

  update auth.login_attempts a
     set failures = v_attempt.failures,
         blocked_until = v_attempt.blocked_until,
         expires_at = greatest(v_attempt.expires_at, v_attempt.blocked_until)
   where a.subject = p_subject;
  return next;
end
$$;
comment on function auth.reserve_login_attempt is
  'Takes one of a subject''s attempts, or says for how long there is none. p_first_block null: until the window ends.';
grant execute on function auth.reserve_login_attempt to auth_service;
