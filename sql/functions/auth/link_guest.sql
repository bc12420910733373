-- Ends a guest who has logged in to an account, and tells in the event of the account who he was: other services move his
-- history by it.
-- Threats: one guest linked to two accounts, or linked and registered: his row is locked, and whoever comes second finds that
-- he is none any more. A customer who is "linked" away with his own token: only a guest can be.
-- In the transaction of the login, as its last call: it waits for no other user, and takes the lock of the revisions.
create or replace function auth.link_guest(
  p_guest_user_id uuid,
  p_guest_session_id uuid,
  p_user_id uuid,
  p_session_id uuid
)
  returns table (revision bigint, replicas uuid[], longest_lease_ms integer)
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
begin
  update accounts.users u
     set is_active = false, deactivated_at = now(), deactivated_by = p_user_id, deleted_at = now(), updated_at = now()
   where u.id = p_guest_user_id and u.is_guest and u.is_active and u.deleted_at is null;
  if not found then
    raise exception 'GUEST_TOKEN_REQUIRED' using errcode = 'AU001';
  end if;
  -- Under the lock of his row: a logout that has answered is one.
  if not exists (
    select from auth.sessions s
     where s.id = p_guest_session_id and s.user_id = p_guest_user_id and s.ended_at is null
  ) then
    raise exception 'TOKEN_REVOKED' using errcode = 'AU001';
  end if;

  perform auth.append_audit_event(
    'guest.linked', p_user_id, p_user_id, null, p_session_id, jsonb_build_object('guest_user_id', p_guest_user_id)
  );
  select c.revision, c.replicas, c.longest_lease_ms into revision, replicas, longest_lease_ms
    from auth.apply_cascade(p_guest_user_id, 'guest_linked', null, p_user_id) c;
  return next;
end
$$;
comment on function auth.link_guest is
  'Ends a guest in favour of an account; returns the revision to be known everywhere, and by whom. Raises GUEST_TOKEN_REQUIRED, TOKEN_REVOKED.';
grant execute on function auth.link_guest to auth_service;
