-- Decides whether an administrator may act on a user, and locks them both.
-- Threats: those of accounts.require_administrable; what it has decided is true until the end of the transaction.
-- Internal: every administrative change of one user begins with it. It finds deleted users, too.
create or replace function accounts.administer_user(p_actor uuid, p_permission text, p_user_id uuid)
  returns accounts.users
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
begin
  perform accounts.lock_users(p_actor, p_user_id);
  return accounts.require_administrable(p_actor, p_permission, p_user_id);
end
$$;
comment on function accounts.administer_user is
  'The user''s row, locked. Raises PERMISSION_REQUIRED, USER_NOT_FOUND, USER_OUTRANKS_CALLER.';
