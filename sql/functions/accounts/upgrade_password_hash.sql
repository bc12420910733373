-- Replaces a hash by a costlier one of the same password, at a login that has just proved it.
-- Threat: a login that races a change of password must not bring the old password back. The old hash is compared.
create or replace function accounts.upgrade_password_hash(p_user_id uuid, p_old_hash text, p_new_hash text)
  returns boolean
  language sql
  volatile
  security definer
  set search_path = ''
begin atomic
  with changed as (
    update accounts.users u
       set password_hash = p_new_hash, updated_at = now()
     where u.id = p_user_id and u.password_hash = p_old_hash
     returning 1
  )
  select exists (select from changed);
end;
comment on function accounts.upgrade_password_hash is 'Replaces the hash if it is still the old one; says whether it did.';
grant execute on function accounts.upgrade_password_hash to auth_service;
