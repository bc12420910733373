-- What there is to know before a signed-in user's password is changed, or a reset one is set.
-- Threat: it hands out a hash. So does a login; whoever may execute functions may check passwords, and nothing else reads it.
-- The names are the user's own entries, active contacts and display name, which his password must not be.
create or replace function accounts.get_password(p_user_id uuid)
  returns table (password_hash text, is_guest boolean, names text[])
  language sql
  stable
  security definer
  set search_path = ''
begin atomic
  select u.password_hash,
         u.is_guest,
         array(select c.value from accounts.user_contacts c where c.user_id = p_user_id and c.is_active)
           || array_remove(array[u.display_name], null)
    from accounts.users u
   where u.id = p_user_id and u.is_active and u.deleted_at is null;
end;
comment on function accounts.get_password is
  'The password hash of an active user, null for none, and the names that his password must not be; no row for anybody else.';
grant execute on function accounts.get_password to auth_service;
