-- Publishes a signing key and says when it takes over and when its predecessors stop verifying.
-- Threat: replicas that rotate at once and leave several keys. The caller names the newest key that it saw; if another has
-- been added since, nothing happens.
create or replace function auth.add_signing_key(
  p_kid text,
  p_algorithm text,
  p_public_jwk jsonb,
  p_encrypted_private_key bytea,
  p_active_in interval,
  p_overlap interval,
  p_newest_kid text
)
  returns boolean
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_newest text;
  v_active_from timestamptz := clock_timestamp() + p_active_in;
begin
  perform from auth.revocation_state s for update;
  select k.kid into v_newest from auth.signing_keys k order by k.created_at desc, k.kid limit 1;
  if v_newest is distinct from p_newest_kid then
    return false;
  end if;

  -- A key that was published for later has signed nothing yet and would take over from the new one: it is dropped.
  delete from auth.signing_keys k where k.active_from > v_active_from;
  -- Also of keys that wait for their end already: theirs was counted from a key that may just have been dropped.
  update auth.signing_keys k set retired_at = least(k.retired_at, v_active_from + p_overlap);
  insert into auth.signing_keys (kid, algorithm, public_jwk, encrypted_private_key, created_at, active_from)
  values (p_kid, p_algorithm, p_public_jwk, p_encrypted_private_key, clock_timestamp(), v_active_from);
  update auth.revocation_state s set keys_version = s.keys_version + 1;
  perform auth.append_event('signing_key.added', null, null, jsonb_build_object('kid', p_kid, 'algorithm', p_algorithm));
  return true;
end
$$;
comment on function auth.add_signing_key is
  'Adds a key unless another came first; its predecessors verify until it is active and the overlap is over.';
grant execute on function auth.add_signing_key to auth_service;
