-- Decides whether a role can be given to a user at all: the other half of accounts.may_give_role.
-- Threats: a role in an organisation for somebody who does not belong to it; a role for an account that is closed, or for a
-- guest, who has none; one that an administrator has switched off.
-- Internal.
create or replace function accounts.may_hold_role(p_user_id uuid, p_role text, p_organisation_id uuid)
  returns boolean
  language sql
  stable
  security definer
  set search_path = ''
begin atomic
  select exists (select from accounts.user_groups g where g.name = p_role and g.is_active)
     and (p_organisation_id is null or exists (
       select from accounts.organisations n where n.id = p_organisation_id and n.deleted_at is null
     ))
     and (p_user_id is null or (
       exists (
         select from accounts.users u where u.id = p_user_id and u.is_active and u.deleted_at is null and not u.is_guest
       )
       and (p_organisation_id is null or exists (
         select from accounts.organisation_members o
          where o.organisation_id = p_organisation_id and o.user_id = p_user_id and o.deleted_at is null
       ))
     ));
end;
comment on function accounts.may_hold_role is
  'Whether the user (null: somebody new) can be given the role, in the organisation or, with null, as such.';
