-- The rank of a user: the highest level among the roles that he holds as such, or in the organisation.
-- Threat: a role that somebody was given in one organisation, and that counts for more outside it.
-- Internal: what is decided by rank goes through it.
create or replace function accounts.highest_level(p_user_id uuid, p_organisation_id uuid)
  returns integer
  language sql
  stable
  security definer
  set search_path = ''
begin atomic
  select coalesce(max(g.level), 0)
    from accounts.user_group_memberships m
    join accounts.user_groups g on g.name = m.group_name
   where m.user_id = p_user_id and m.is_active and g.is_active
     and (m.organisation_id is null or m.organisation_id = p_organisation_id);
end;
comment on function accounts.highest_level is 'The highest level of the roles that a user holds as such or in the organisation; 0 without any.';
