-- Tells every replica what roles a user holds now: his tokens say what they were.
-- Threats: a token that is minted at the same moment with the roles of before: a refresh holds its session, so it has finished and
-- its token's end is seen here, or it waits and reads the new roles. An earlier change that somebody still knows, and that
-- would stand against tokens which came after this one: a change is told whether or not there are tokens, and kept for as long as
-- whoever heard of an earlier one a moment ago remembers that.
-- Internal: called by auth.apply_cascade, under the lock of the user's row.
create or replace function auth.record_roles(p_user_id uuid, p_trigger text, p_actor uuid)
  returns bigint
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_expires_at timestamptz;
begin
  perform from auth.sessions s
    where s.user_id = p_user_id and s.ended_at is null
    order by s.id
      for update;
  -- In a statement of its own: it sees what a refresh has committed meanwhile.
  select max(s.access_expires_at) into v_expires_at
    from auth.sessions s
   where s.user_id = p_user_id and s.ended_at is null;
  select greatest(v_expires_at, now() + coalesce(max(r.token_lifetime), interval '1 day')) into v_expires_at
    from auth.replicas r;
  return auth.record_revocations(
    'roles', array[p_user_id], array[v_expires_at], p_user_id, p_trigger, p_actor, accounts.get_user_roles(p_user_id)
  );
end
$$;
comment on function auth.record_roles is
  'Stores the roles that a user holds now beside the revocations; returns the revision at which that is known.';
