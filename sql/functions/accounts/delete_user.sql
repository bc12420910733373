-- Deletes an account so that it can be restored: everything ends as with accounts.close_account. Whether it was closed before
-- stays as it was, for accounts.restore_user; its contacts stay reserved until accounts.release_contacts.
-- Threats: those of accounts.administer_user and accounts.close_account.
create or replace function accounts.delete_user(p_actor uuid, p_user_id uuid, p_language text)
  returns table (ended integer, revision bigint, replicas uuid[], longest_lease_ms integer, account jsonb)
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_user accounts.users;
begin
  v_user := accounts.administer_user(p_actor, 'accounts.users.delete', p_user_id);
  if v_user.deleted_at is null then
    perform accounts.require_other_superadmin(p_user_id);
    update accounts.users u
       set deleted_at = now(), deleted_by = p_actor, updated_at = now()
     where u.id = p_user_id;
    if v_user.is_active then
      -- To its owner it is closed like any other: he may ask for it back.
      perform auth.enqueue_notice(p_user_id, 'account_deactivated', p_language);
    end if;
    perform auth.append_audit_event('user.deleted', p_actor, p_user_id, null, null, '{}');
  end if;
  select d.account into account from accounts.describe_users(array[p_user_id]) d;
  select c.ended, c.revision, c.replicas, c.longest_lease_ms into ended, revision, replicas, longest_lease_ms
    from auth.apply_cascade(p_user_id, 'account_deleted', null, p_actor) c;
  return next;
end
$$;
comment on function accounts.delete_user is
  'Marks an account as deleted; deleted already, it stays so. Raises LAST_SUPERADMIN, and what accounts.administer_user raises.';
grant execute on function accounts.delete_user to auth_service;
