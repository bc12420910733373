-- Takes a signing key out of use now: no token that it signed is accepted any more. For the command on the machine, which runs
-- as the owner: the service has no right to it.
-- Threat: a key that leaked, and replicas that go on believing in it. Every replica reads the version of the keys together
-- with the revocations, so the version grows under the same lock, and the caller waits for the same leases.
-- Threat: a service that has no key to sign with. The key that signs now cannot be withdrawn; another takes over first.
create or replace function auth.withdraw_signing_key(p_kid text)
  returns table (withdrawn boolean, replicas uuid[], longest_lease_ms integer)
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_signing text;
begin
  perform from auth.revocation_state s for update;
  select k.kid into v_signing
    from auth.signing_keys k
   where k.active_from <= clock_timestamp() and (k.retired_at is null or k.retired_at > clock_timestamp())
   order by k.active_from desc
   limit 1;

  withdrawn := false;
  if p_kid is distinct from v_signing then
    update auth.signing_keys k
       set retired_at = clock_timestamp()
     where k.kid = p_kid and (k.retired_at is null or k.retired_at > clock_timestamp());
    withdrawn := found;
  end if;
  if withdrawn then
    update auth.revocation_state s set keys_version = s.keys_version + 1;
    perform auth.append_event('signing_key.withdrawn', null, null, jsonb_build_object('kid', p_kid));
  end if;
  select l.replicas, l.longest_lease_ms into replicas, longest_lease_ms from auth.list_live_replicas() l;
  return next;
end
$$;
comment on function auth.withdraw_signing_key is
  'Ends a key that verifies but does not sign; says who may not know it yet, and for how long.';
