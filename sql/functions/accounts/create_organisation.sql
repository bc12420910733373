-- Creates an organisation with its creator as the head.
-- Threats: organisations without end: accounts.require_room_to_head. Somebody with no role that is given in organisations, who
-- would head people whom he can give nothing; and one who was given such a role in somebody else's organisation only: what
-- counts is what he holds as such.
create or replace function accounts.create_organisation(p_actor uuid, p_name text)
  returns table (id uuid, name text, is_head boolean, roles text[], created_at timestamptz)
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_organisation accounts.organisations;
begin
  perform accounts.lock_active_user(p_actor);
  if not exists (
    select from accounts.user_group_memberships m
      join accounts.user_groups g on g.name = m.group_name
     where m.user_id = p_actor and m.organisation_id is null and m.is_active
       and g.is_active and g.grant_scope = 'organisation'
  ) then
    raise exception 'HEAD_ROLE_REQUIRED' using errcode = 'AU001';
  end if;
  perform accounts.require_room_to_head(p_actor);

  insert into accounts.organisations (name, created_by) values (p_name, p_actor) returning * into v_organisation;
  insert into accounts.organisation_members (organisation_id, user_id, is_head) values (v_organisation.id, p_actor, true);
  perform auth.append_audit_event('organisation.created', p_actor, p_actor, v_organisation.id, null, '{}');

  id := v_organisation.id;
  name := v_organisation.name;
  is_head := true;
  roles := '{}';
  created_at := v_organisation.created_at;
  return next;
end
$$;
comment on function accounts.create_organisation is
  'Creates an organisation that the actor heads. Raises HEAD_ROLE_REQUIRED, ORGANISATION_LIMIT, TOKEN_REVOKED.';
grant execute on function accounts.create_organisation to auth_service;
