-- Whether a user heads an organisation now.
-- Threats: a head who was demoted, removed or whose account was closed, and who goes on with a token or an invitation of before.
-- Internal. Whoever acts on the answer holds the user's row (accounts.lock_users), as every change of a headship does.
create or replace function accounts.is_organisation_head(p_user_id uuid, p_organisation_id uuid)
  returns boolean
  language sql
  stable
  security definer
  set search_path = ''
begin atomic
  select exists (
    select from accounts.organisation_members o
      join accounts.organisations n on n.id = o.organisation_id
      join accounts.users u on u.id = o.user_id
     where o.organisation_id = p_organisation_id and o.user_id = p_user_id and o.is_head and o.deleted_at is null
       and n.deleted_at is null and u.is_active and u.deleted_at is null
  );
end;
comment on function accounts.is_organisation_head is 'Whether the user is a head of the organisation, and his account is open.';
