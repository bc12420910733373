-- Locks a user's row before something of his is read and changed: his contacts are decided on by one transaction at a time.
-- Threat: a call that was let in before its account was closed, and acts after it: the row is read under the lock.
-- Internal: what a signed-in user does to his account begins with it.
create or replace function accounts.lock_active_user(p_user_id uuid)
  returns accounts.users
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_user accounts.users;
begin
  select * into v_user
    from accounts.users u
   where u.id = p_user_id and u.is_active and u.deleted_at is null
     for no key update;
  if not found then
    -- His tokens were revoked when it was closed: the answer that he gets a moment later, too.
    raise exception 'TOKEN_REVOKED' using errcode = 'AU001';
  end if;
  return v_user;
end
$$;
comment on function accounts.lock_active_user is 'The row of an active user, locked. Raises TOKEN_REVOKED for anybody else.';
