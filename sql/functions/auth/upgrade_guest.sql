-- Ends what a guest has begun, now that accounts.create_user_with_relations has made an account of him.
-- Threat: somebody who has kept the guest's tokens, on a device that others use, is in the account. All his sessions end but the
-- one that the registration has begun.
-- In the transaction of the registration, as its last call: it takes the lock of the revisions.
create or replace function auth.upgrade_guest(p_user_id uuid, p_session_id uuid)
  returns table (revision bigint, replicas uuid[], longest_lease_ms integer)
  language sql
  volatile
  security definer
  set search_path = ''
begin atomic
  select auth.append_event('guest.upgraded', p_user_id, p_session_id, '{}');
  -- His roles are others now: an earlier change of them would stand against the tokens of the account.
  select auth.record_roles(p_user_id, 'guest_upgraded', p_user_id);
  select c.revision, c.replicas, c.longest_lease_ms
    from auth.apply_cascade(p_user_id, 'guest_upgraded', p_session_id, p_user_id) c;
end;
comment on function auth.upgrade_guest is
  'Ends the sessions of a guest who has registered, but p_session_id; returns the revision to be known everywhere, and by whom.';
grant execute on function auth.upgrade_guest to auth_service;
