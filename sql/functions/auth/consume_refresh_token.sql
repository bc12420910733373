-- Trades a refresh token for its successor, under the row lock of its session.
--
-- Threats: a stolen token used beside its owner's; parallel calls that fork a session; a lost answer that logs its owner
-- out. Generations are counters, not times. The successor is derived by the caller from the presented token, so the same
-- token leads to the same successor and only hashes are stored. The caller has verified the token's MAC: an old
-- generation that arrives here was once issued by us, so it is a copy, not a guess.
--
-- It returns its outcome and never raises one: on reuse the session's end must be committed.
--   rotated   the current token: the generation moves on
--   replayed  the predecessor, within the grace, and its successor is unused: nothing changes. Of a bound token, whose key was
--             proved for this call, any that was current within the grace: cookies of several tabs are written in the order in
--             which answers arrive, so a browser may present one that its other tabs have left behind. A copy has no key
--   reused    any other old token: the session has been ended
--   expired   the token's or the session's time is over
--   ended     the session was ended before: no theft
--   unknown   no such session, or not the token that was stored
create or replace function auth.consume_refresh_token(
  p_token_hash text,
  p_session_id uuid,
  p_generation integer,
  p_successor_hash text,
  p_grace interval,
  p_expires_at timestamptz,
  p_access_expires_at timestamptz,
  p_is_bound boolean
)
  returns table (
    outcome text,
    generation integer,
    user_id uuid,
    roles text[],
    expires_at timestamptz,
    access_expires_at timestamptz,
    revision bigint,
    replicas uuid[],
    longest_lease_ms integer
  )
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_session auth.sessions;
  v_token auth.refresh_tokens;
  v_is_active boolean;
begin
  select * into v_session from auth.sessions s where s.id = p_session_id for update;
  select * into v_token from auth.refresh_tokens t where t.session_id = p_session_id;
  if v_session.id is null or v_token.session_id is null then
    outcome := 'unknown';
    return next;
    return;
  end if;
  user_id := v_session.user_id;

  if v_session.ended_at is not null then
    outcome := 'ended';
  elsif v_session.expires_at <= clock_timestamp() or v_token.expires_at <= clock_timestamp() then
    outcome := 'expired';
  elsif p_generation = v_token.generation then
    outcome := case when p_token_hash = v_token.token_hash then 'rotated' else 'unknown' end;
  elsif p_generation = v_token.generation - 1
    and p_token_hash = v_token.previous_token_hash
    and p_successor_hash = v_token.token_hash
    and v_token.rotated_at > clock_timestamp() - p_grace
  then
    outcome := 'replayed';
  elsif p_is_bound and v_token.rotations[v_token.generation - p_generation] > clock_timestamp() - p_grace then
    outcome := 'replayed';
  elsif p_generation < v_token.generation then
    outcome := 'reused';
  else
    outcome := 'unknown';
  end if;

  if outcome in ('rotated', 'replayed') then
    select u.is_active and u.deleted_at is null into v_is_active from accounts.users u where u.id = v_session.user_id;
    if not v_is_active then
      outcome := 'ended';
      return next;
      return;
    end if;
    roles := accounts.get_user_roles(v_session.user_id);
    generation := v_token.generation + case outcome when 'rotated' then 1 else 0 end;
    expires_at := case outcome when 'rotated' then least(p_expires_at, v_session.expires_at) else v_token.expires_at end;
    -- No token of a session outlives it. A JWT's times are whole seconds.
    access_expires_at := date_trunc('second', least(p_access_expires_at, v_session.expires_at));
    update auth.sessions s
       set last_used_at = now(), access_expires_at = greatest(s.access_expires_at, p_access_expires_at)
     where s.id = p_session_id;
  end if;

  if outcome = 'rotated' then
    update auth.refresh_tokens t
       set generation = t.generation + 1,
           previous_token_hash = t.token_hash,
           token_hash = p_successor_hash,
           rotated_at = clock_timestamp(),
           rotations = case when p_is_bound then auth.recent_rotations(t.rotations, p_grace) else t.rotations end,
           expires_at = least(p_expires_at, v_session.expires_at)
     where t.session_id = p_session_id;
  elsif outcome = 'reused' then
    perform auth.append_event(
      'session.refresh_reused', v_session.user_id, p_session_id,
      jsonb_build_object('generation', p_generation, 'current_generation', v_token.generation)
    );
    select c.revision, c.replicas, c.longest_lease_ms into revision, replicas, longest_lease_ms
      from auth.apply_cascade(v_session.user_id, 'refresh_reuse', p_session_id, null) c;
  end if;
  return next;
end
$$;
comment on function auth.consume_refresh_token is
  'Rotates a refresh token under its session''s lock and returns the outcome; reuse ends the session.';
grant execute on function auth.consume_refresh_token to auth_service;
