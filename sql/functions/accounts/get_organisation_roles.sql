-- The roles that a user holds in one organisation.
-- Threat: what he holds elsewhere, shown to the heads of an organisation that it is no business of: neither the roles that he
-- holds as such nor those of other organisations are in it.
-- Internal: what shows an organisation or its members goes through it.
create or replace function accounts.get_organisation_roles(p_user_id uuid, p_organisation_id uuid)
  returns text[]
  language sql
  stable
  security definer
  set search_path = ''
begin atomic
  select coalesce(array_agg(m.group_name order by m.group_name), '{}')
    from accounts.user_group_memberships m
    join accounts.user_groups g on g.name = m.group_name
   where m.user_id = p_user_id and m.organisation_id = p_organisation_id and m.is_active and g.is_active;
end;
comment on function accounts.get_organisation_roles is 'The names of the active roles of a user in an organisation, sorted.';
