-- What ListRoles shows. It shows, it does not decide: granting has functions of its own.
-- Threats: an outsider who maps our roles: without a user only what is open to registration is seen. A role of staff that somebody
-- was given in an organisation: outside it, it is one of his own and no more.
create or replace function accounts.list_roles(p_interface text, p_user_id uuid)
  returns table (name text, title text, level integer, is_default boolean)
  language sql
  stable
  security definer
  set search_path = ''
begin atomic
  with held as (
    select g.name, g.listing, g.interface, g.level, m.organisation_id
      from accounts.user_group_memberships m
      join accounts.user_groups g on g.name = m.group_name
     where m.user_id = p_user_id and m.is_active and g.is_active
  ), wide as (
    -- Staff see everything; on his own interface a head sees what he may give; the widest listing wins.
    select case
             when bool_or(h.listing = 'all' and h.organisation_id is null) then 'all'
             when bool_or(h.listing = 'assignable' and h.interface = p_interface) then 'assignable'
             else 'own'
           end as listing
      from held h
  )
  select g.name, g.title, g.level, coalesce(r.is_default, false)
    from accounts.user_groups g
    left join accounts.user_group_registrations r on r.group_name = g.name and r.interface = p_interface
    cross join wide w
   where g.is_active
     and case
           when p_user_id is null then r.group_name is not null
           when w.listing = 'all' then true
           when w.listing = 'assignable' then exists (
             select from accounts.user_group_grants a join held h on h.name = a.granter
              where a.grantee = g.name and g.level <= h.level
                and h.listing = 'assignable' and h.interface = p_interface
           )
           else exists (select from held h where h.name = g.name)
         end
   order by g.level desc, g.name;
end;
comment on function accounts.list_roles is
  'Roles to show: of a user by his widest role; for nobody (null) those open to registration on the interface.';
grant execute on function accounts.list_roles to auth_service;
