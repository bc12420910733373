-- Finds the account that a login means.
-- Threats: a caller that learns whether an account exists: no row for unknown, deactivated and deleted alike, and the caller
-- goes on with a dummy hash. Somebody who has claimed another's address: what is not confirmed finds nobody.
create or replace function accounts.get_active_user_contact_by_value(p_value text)
  returns table (user_id uuid, password_hash text, devices_since timestamptz)
  language sql
  stable
  security definer
  set search_path = ''
begin atomic
  select u.id, u.password_hash, u.devices_since
    from accounts.user_contacts c
    join accounts.users u on u.id = c.user_id
   where c.value = p_value and c.is_active and c.confirmed_at is not null and u.is_active and u.deleted_at is null;
end;
comment on function accounts.get_active_user_contact_by_value is
  'The active user who has confirmed the normalised contact, with the password hash and since when device tokens count; no row otherwise.';
grant execute on function accounts.get_active_user_contact_by_value to auth_service;
