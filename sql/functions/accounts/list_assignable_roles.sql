-- The roles that the caller may give to a user: exactly those that accounts.grant_role would give him.
-- Threat: somebody who finds out who there is: for an unknown user the list is as empty as for one who is out of reach.
create or replace function accounts.list_assignable_roles(p_actor uuid, p_user_id uuid, p_organisation_id uuid)
  returns table (name text, title text, level integer)
  language plpgsql
  stable
  security definer
  set search_path = ''
as $$
begin
  return query
  select g.name, g.title, g.level
    from accounts.user_groups g
   where accounts.may_give_role(p_actor, p_user_id, g.name, p_organisation_id)
     and accounts.may_hold_role(p_user_id, g.name, p_organisation_id)
   order by g.level desc, g.name;
end
$$;
comment on function accounts.list_assignable_roles is
  'The roles that the actor may give to the user (null: somebody new), in the organisation or, with null, as such.';
grant execute on function accounts.list_assignable_roles to auth_service;
