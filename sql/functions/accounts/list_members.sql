-- The members of an organisation, for its heads: the latest account first, from p_before on; ids are in the order of time.
-- Threat: roles that a member holds elsewhere, and accounts that are closed: neither is shown.
create or replace function accounts.list_members(
  p_actor uuid,
  p_organisation_id uuid,
  p_role text,
  p_before uuid,
  p_limit integer
)
  returns table (user_id uuid, display_name text, is_head boolean, roles text[], created_at timestamptz)
  language plpgsql
  stable
  security definer
  set search_path = ''
as $$
begin
  perform accounts.require_organisation_head(p_actor, p_organisation_id);
  return query
  select o.user_id, u.display_name, o.is_head, accounts.get_organisation_roles(o.user_id, o.organisation_id), o.created_at
    from accounts.organisation_members o
    join accounts.users u on u.id = o.user_id
   where o.organisation_id = p_organisation_id and o.deleted_at is null and u.is_active and u.deleted_at is null
     and o.user_id < coalesce(p_before, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
     and (p_role is null or exists (
       select from accounts.user_group_memberships m
         join accounts.user_groups g on g.name = m.group_name
        where m.user_id = o.user_id and m.group_name = p_role and m.organisation_id = o.organisation_id
          and m.is_active and g.is_active
     ))
   order by o.user_id desc
   limit p_limit;
end
$$;
comment on function accounts.list_members is
  'Members of an organisation with an open account and, unless p_role is null, that role in it, older than p_before. Raises ORGANISATION_NOT_FOUND, ORGANISATION_HEAD_REQUIRED.';
grant execute on function accounts.list_members to auth_service;
