-- Decides whether a user may do what needs a permission.
-- Threat: a role that was taken away, or an account that was deactivated, and a token that still names it. What counts is
-- what the database holds now, never the claims of the token.
-- Internal: the front door asks accounts.check_permission, and functions accounts.require_permission.
create or replace function accounts.has_permission(p_user_id uuid, p_permission text)
  returns boolean
  language sql
  stable
  security definer
  set search_path = ''
begin atomic
  select exists (
    select from accounts.users u
      join accounts.user_group_memberships m on m.user_id = u.id
      join accounts.user_groups g on g.name = m.group_name
      join accounts.role_permissions p on p.role = g.name
     where u.id = p_user_id
       and u.is_active and u.deleted_at is null
       -- A role in an organisation permits nothing outside it.
       and m.is_active and m.organisation_id is null
       and g.is_active
       and p.permission = p_permission
  );
end;
comment on function accounts.has_permission is
  'Whether an active role of an active user holds the permission now; false for an unknown user or permission.';
