-- The roles that tokens of a user carry: those that he holds as such, and those in organisations.
create or replace function accounts.get_user_roles(p_user_id uuid)
  returns text[]
  language sql
  stable
  security definer
  set search_path = ''
begin atomic
  select coalesce(array_agg(distinct m.group_name order by m.group_name), '{}')
    from accounts.user_group_memberships m
    join accounts.user_groups g on g.name = m.group_name
   where m.user_id = p_user_id and m.is_active and g.is_active;
end;
comment on function accounts.get_user_roles is 'The names of the active roles of a user, sorted; empty for an unknown one.';
grant execute on function accounts.get_user_roles to auth_service;
