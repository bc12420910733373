-- Takes a role from a user, if the caller may give it. It returns its outcome; a refusal leaves an event.
--   revoked   he does not hold it any more
--   not_held  he did not hold it: nothing has changed
--   refused   the caller may not, or there is no such user, role or organisation: one answer for all
-- Threats: two superadmins who take the role from each other: the last one keeps it (accounts.require_other_superadmin). A token
-- that goes on with the role: as in accounts.grant_role. A head who finds out who there is: in an organisation only those who
-- belong to it, or did, are answered for; the repeat of a call is not refused because he has left meanwhile.
create or replace function accounts.revoke_role(p_actor uuid, p_user_id uuid, p_role text, p_organisation_id uuid)
  returns table (outcome text, revision bigint, replicas uuid[], longest_lease_ms integer)
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
begin
  perform accounts.lock_users(p_actor, p_user_id);
  if not (
    accounts.may_give_role(p_actor, p_user_id, p_role, p_organisation_id)
    and exists (select from accounts.users u where u.id = p_user_id)
    and (p_organisation_id is null or exists (
      select from accounts.organisation_members o
       where o.organisation_id = p_organisation_id and o.user_id = p_user_id
    ))
  ) then
    outcome := 'refused';
    perform accounts.note_role_refusal('role.revoke_refused', p_actor, p_user_id, p_role, p_organisation_id);
    return next;
    return;
  end if;

  if p_role = 'superadmin' and p_organisation_id is null then
    perform accounts.require_other_superadmin(p_user_id);
  end if;
  update accounts.user_group_memberships m
     set is_active = false, deleted_at = now(), updated_at = now()
   where m.user_id = p_user_id and m.group_name = p_role and m.organisation_id is not distinct from p_organisation_id
     and m.is_active;
  if not found then
    outcome := 'not_held';
    select c.revision, c.replicas, c.longest_lease_ms into revision, replicas, longest_lease_ms
      from auth.read_revision() c;
    return next;
    return;
  end if;

  outcome := 'revoked';
  perform auth.append_audit_event(
    'role.revoked', p_actor, p_user_id, p_organisation_id, null, jsonb_build_object('role', p_role)
  );
  select c.revision, c.replicas, c.longest_lease_ms into revision, replicas, longest_lease_ms
    from auth.apply_cascade(p_user_id, 'role_changed', null, p_actor) c;
  return next;
end
$$;
comment on function accounts.revoke_role is
  'Takes a role and returns the outcome (revoked, not_held, refused), with the revision to be known everywhere, and by whom. Raises LAST_SUPERADMIN.';
grant execute on function accounts.revoke_role to auth_service;
