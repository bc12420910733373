-- Makes a member of an organisation a head, or one who is a head an ordinary member.
-- Threats: heads who demote each other at once: accounts.require_other_head. A head who acts after he was demoted: both rows are
-- locked before anything is decided. Headships without end: accounts.require_room_to_head. A head who makes somebody one whose
-- account is closed, and whom ListMembers does not show: to him that one is no member.
create or replace function accounts.update_member(p_actor uuid, p_organisation_id uuid, p_user_id uuid, p_is_head boolean)
  returns table (user_id uuid, display_name text, is_head boolean, roles text[], created_at timestamptz)
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_member accounts.organisation_members;
begin
  perform accounts.lock_users(p_actor, p_user_id);
  perform accounts.require_organisation_head(p_actor, p_organisation_id);
  select * into v_member
    from accounts.organisation_members o
   where o.organisation_id = p_organisation_id and o.user_id = p_user_id and o.deleted_at is null
     and exists (select from accounts.users u where u.id = p_user_id and u.is_active and u.deleted_at is null);
  if not found then
    raise exception 'MEMBER_NOT_FOUND' using errcode = 'AU001';
  end if;

  if v_member.is_head <> p_is_head then
    if p_is_head then
      perform accounts.require_room_to_head(p_user_id);
    else
      perform accounts.require_other_head(p_user_id, p_organisation_id);
    end if;
    update accounts.organisation_members o
       set is_head = p_is_head, updated_at = now()
     where o.organisation_id = p_organisation_id and o.user_id = p_user_id;
    perform auth.append_audit_event(
      'organisation.member_updated', p_actor, p_user_id, p_organisation_id, null,
      jsonb_build_object('is_head', p_is_head)
    );
  end if;

  select u.display_name into display_name from accounts.users u where u.id = p_user_id;
  user_id := p_user_id;
  is_head := p_is_head;
  roles := accounts.get_organisation_roles(p_user_id, p_organisation_id);
  created_at := v_member.created_at;
  return next;
end
$$;
comment on function accounts.update_member is
  'Sets whether a member is a head and returns him. Raises ORGANISATION_NOT_FOUND, ORGANISATION_HEAD_REQUIRED, MEMBER_NOT_FOUND, ORGANISATION_LAST_HEAD, ORGANISATION_LIMIT.';
grant execute on function accounts.update_member to auth_service;
