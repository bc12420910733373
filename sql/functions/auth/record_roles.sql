-- Tells every replica the roles of a user whose tokens may say others.
-- Threats: a token that is minted at the same moment with the roles of before: a refresh holds its session, so it has finished and
-- its token's end is seen here, or it waits and reads the new roles. An earlier change that is still told, and would then stand
-- against the tokens that came after this one: it is replaced as long as it lives.
-- Internal: called by auth.apply_cascade, under the lock of the user's row. Without tokens there is nothing to tell.
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
  select max(t.expires_at) into v_expires_at
    from (
      select s.access_expires_at as expires_at
        from auth.sessions s
       where s.user_id = p_user_id and s.ended_at is null and s.access_expires_at > now() - interval '5 minutes'
      union all
      select v.expires_at from auth.revocations v where v.subject = p_user_id and v.kind = 'roles'
    ) t;
  if v_expires_at is null then
    return (select s.revision from auth.revocation_state s);
  end if;
  return auth.record_revocations(
    'roles', array[p_user_id], array[v_expires_at], p_user_id, p_trigger, p_actor, accounts.get_user_roles(p_user_id)
  );
end
$$;
comment on function auth.record_roles is
  'Stores the roles that a user holds now beside the revocations, if tokens of his may live; returns the revision at which that is known.';
