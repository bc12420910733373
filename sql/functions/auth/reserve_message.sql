-- Counts a message before it is sent.
-- Threat: a flood of messages to somebody, or at our expense. Each call takes its place under the row's lock, so that parallel
-- ones cannot share it. p_waits are the pauses after the first, second ... message of a window; the last one goes on.
-- Internal: called by the functions that enqueue.
create or replace function auth.reserve_message(
  p_subject text,
  p_limit integer,
  p_window interval,
  p_waits interval[] default '{}'
)
  returns integer
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_quota auth.message_quotas;
  v_now timestamptz;
begin
  insert into auth.message_quotas as q (subject, used, expires_at)
  values (p_subject, 0, clock_timestamp() + p_window)
  on conflict (subject) do update set used = q.used
  returning * into v_quota;
  v_now := clock_timestamp();

  if v_quota.expires_at <= v_now then
    v_quota.used := 0;
    v_quota.expires_at := v_now + p_window;
  end if;

  if v_quota.used >= p_limit then
    return ceil(extract(epoch from v_quota.expires_at - v_now));
  end if;
  if v_quota.used > 0 and v_quota.next_at > v_now then
    return ceil(extract(epoch from v_quota.next_at - v_now));
  end if;

  update auth.message_quotas q
     set used = v_quota.used + 1,
         next_at = v_now
           + coalesce(p_waits[least(v_quota.used + 1, cardinality(p_waits))], interval '0'),
         expires_at = v_quota.expires_at
   where q.subject = p_subject;
  return 0;
end
$$;
comment on function auth.reserve_message is
  'Takes one of a subject''s messages and returns 0, or the seconds until there is one; p_limit null: none but the waits.';
