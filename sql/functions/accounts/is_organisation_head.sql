-- Whether a user may act as a head of an organisation now: he is one, or a role of his permits it for all organisations.
-- Threats: a head who was demoted, removed or whose account was closed, and who goes on with a token or an invitation of before;
-- staff who have lost their role meanwhile. An organisation whose heads are all gone, and that nobody could look after any more.
-- Internal. Whoever acts on the answer holds the user's row (accounts.lock_users), as every change of a headship or a role does.
create or replace function accounts.is_organisation_head(p_user_id uuid, p_organisation_id uuid)
  returns boolean
  language sql
  stable
  security definer
  set search_path = ''
begin atomic
  select exists (select from accounts.organisations n where n.id = p_organisation_id and n.deleted_at is null)
     and (
       exists (
         select from accounts.organisation_members o
           join accounts.users u on u.id = o.user_id
          where o.organisation_id = p_organisation_id and o.user_id = p_user_id and o.is_head and o.deleted_at is null
            and u.is_active and u.deleted_at is null
       )
       or accounts.has_permission(p_user_id, 'accounts.organisations.manage')
     );
end;
comment on function accounts.is_organisation_head is
  'Whether the user, with an open account, is a head of the organisation or permitted to act as one of any.';
