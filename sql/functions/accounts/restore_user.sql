-- Takes a deletion back: the account is open or closed as it was before. Of an open one the contacts come back as far as nobody
-- has them; of a closed one they are as if it had not been deleted.
-- Threats: those of accounts.reactivate_user.
create or replace function accounts.restore_user(p_actor uuid, p_user_id uuid)
  returns table (account jsonb)
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_user accounts.users;
begin
  v_user := accounts.administer_user(p_actor, 'accounts.users.delete', p_user_id);
  if v_user.deleted_at is not null then
    update accounts.users u
       set deleted_at = null, deleted_by = null, updated_at = now(),
           contacts_released_at = case when u.deactivated_at is not null then u.contacts_released_at end
     where u.id = p_user_id;
    if v_user.deactivated_at is null then
      perform accounts.restore_contacts(p_user_id, v_user.contacts_released_at);
    end if;
    perform auth.append_audit_event('user.restored', p_actor, p_user_id, null, null, '{}');
  end if;
  return query select d.account from accounts.describe_users(array[p_user_id]) d;
end
$$;
comment on function accounts.restore_user is
  'Restores a deleted account; one that is not deleted stays as it is. Raises what accounts.administer_user raises.';
grant execute on function accounts.restore_user to auth_service;
