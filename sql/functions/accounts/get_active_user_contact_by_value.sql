-- Finds the account that a login means.
-- Threat: a caller that learns whether an account exists. No row for unknown, deactivated and deleted alike; the caller
-- goes on with a dummy hash.
create or replace function accounts.get_active_user_contact_by_value(p_value text)
  returns table (user_id uuid, password_hash text)
  language sql
  stable
  security definer
  set search_path = ''
begin atomic
  select u.id, u.password_hash
    from accounts.user_contacts c
    join accounts.users u on u.id = c.user_id
   where c.value = p_value and c.is_active and u.is_active and u.deleted_at is null;
end;
comment on function accounts.get_active_user_contact_by_value is
  'The active user who holds the normalised contact, with the password hash; no row otherwise.';
grant execute on function accounts.get_active_user_contact_by_value to auth_service;
