-- Decides whether a user may give a role to another, and take it from him: the heart of delegation. GrantRole, RevokeRole,
-- ListAssignableRoles, invitations and the administration of users all ask here, and nowhere else.
-- Threats: a role above the giver's own; one given to himself; one that reaches outside his organisation; one over somebody who
-- ranks higher; an account that is closed, or a role that was taken from the giver a moment ago: what counts is what the
-- database holds now.
-- p_user_id null: somebody who has no account yet. p_organisation_id null: the role as such.
-- Internal. Whoever acts on the answer holds the locks of accounts.lock_users, or the answer may be outdated.
create or replace function accounts.may_give_role(
  p_actor uuid,
  p_user_id uuid,
  p_role text,
  p_organisation_id uuid
)
  returns boolean
  language sql
  stable
  security definer
  set search_path = ''
begin atomic
  select p_actor is distinct from p_user_id
     and exists (
       select from accounts.users u where u.id = p_actor and u.is_active and u.deleted_at is null and not u.is_guest
     )
     and (p_user_id is null
       or accounts.highest_level(p_user_id, p_organisation_id) <= accounts.highest_level(p_actor, p_organisation_id))
     and exists (
       select from accounts.user_group_memberships m
         join accounts.user_groups h on h.name = m.group_name
         join accounts.user_group_grants a on a.granter = h.name
         join accounts.user_groups r on r.name = a.grantee
        where m.user_id = p_actor and m.is_active and h.is_active
          and r.name = p_role and r.level <= h.level
          and (m.organisation_id is null or m.organisation_id = p_organisation_id)
          and (h.grant_scope = 'anyone' or exists (
            select from accounts.organisation_members o
             where o.organisation_id = p_organisation_id and o.user_id = p_actor and o.is_head and o.deleted_at is null
          ))
     );
end;
comment on function accounts.may_give_role is
  'Whether the actor may give the role to the user (null: somebody new) and take it away, in the organisation or, with null, as such.';
