-- Closes an open account and tells its owner. Its contacts stay as they are, and so reserved, until accounts.release_contacts.
-- Threats: a login at the same moment: it takes the user's row, too, and comes before this or finds the account closed. The last
-- two superadmins who close each other's account at once, or leave: accounts.require_other_superadmin.
-- Internal: its owner and administrators close it alike. Whoever calls it has decided, holds the lock of the user's row, and goes
-- on with the event and the cascade.
create or replace function accounts.close_account(p_user_id uuid, p_actor uuid, p_language text)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
begin
  perform accounts.require_other_superadmin(p_user_id);
  update accounts.users u
     set is_active = false, deactivated_at = now(), deactivated_by = p_actor, updated_at = now()
   where u.id = p_user_id;
  perform auth.enqueue_notice(p_user_id, 'account_deactivated', p_language);
end
$$;
comment on function accounts.close_account is 'Closes an account and tells its owner. Raises LAST_SUPERADMIN.';
