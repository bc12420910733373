-- Takes a member out of an organisation, with the roles that he has in it. The row stays as history.
-- Threats: heads who remove each other at once: accounts.require_other_head. A token that goes on with the roles: they are gone
-- on every replica when the call returns (auth.apply_cascade).
create or replace function accounts.remove_member(p_actor uuid, p_organisation_id uuid, p_user_id uuid)
  returns table (revision bigint, replicas uuid[], longest_lease_ms integer)
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_role text;
begin
  perform accounts.lock_users(p_actor, p_user_id);
  if p_actor = p_user_id then
    perform accounts.require_organisation_member(p_actor, p_organisation_id);
  else
    perform accounts.require_organisation_head(p_actor, p_organisation_id);
  end if;
  perform accounts.require_other_head(p_user_id, p_organisation_id);

  update accounts.organisation_members o
     set is_head = false, deleted_at = now(), updated_at = now()
   where o.organisation_id = p_organisation_id and o.user_id = p_user_id and o.deleted_at is null;
  if not found then
    raise exception 'MEMBER_NOT_FOUND' using errcode = 'AU001';
  end if;
  for v_role in
    select m.group_name from accounts.user_group_memberships m
     where m.organisation_id = p_organisation_id and m.user_id = p_user_id and m.is_active
     order by m.group_name
  loop
    update accounts.user_group_memberships m
       set is_active = false, deleted_at = now(), updated_at = now()
     where m.user_id = p_user_id and m.group_name = v_role and m.organisation_id = p_organisation_id;
    perform auth.append_audit_event(
      'role.revoked', p_actor, p_user_id, p_organisation_id, null, jsonb_build_object('role', v_role)
    );
  end loop;
  perform auth.append_audit_event('organisation.member_removed', p_actor, p_user_id, p_organisation_id, null, '{}');
  select c.revision, c.replicas, c.longest_lease_ms into revision, replicas, longest_lease_ms
    from auth.apply_cascade(p_user_id, 'role_changed', null, p_actor) c;
  return next;
end
$$;
comment on function accounts.remove_member is
  'Ends a membership and its roles; returns the revision to be known everywhere, and by whom. Raises ORGANISATION_NOT_FOUND, ORGANISATION_HEAD_REQUIRED, MEMBER_NOT_FOUND, ORGANISATION_LAST_HEAD.';
grant execute on function accounts.remove_member to auth_service;
