-- Opens a closed account again, with its roles, and with its contacts as far as nobody has them.
-- Threats: those of accounts.administer_user: whoever ranks higher is opened again by his equals only. Old tokens come back to no
-- life: their sessions have ended.
create or replace function accounts.reactivate_user(p_actor uuid, p_user_id uuid)
  returns table (account jsonb)
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_user accounts.users;
begin
  v_user := accounts.administer_user(p_actor, 'accounts.users.deactivate', p_user_id);
  if v_user.deleted_at is not null then
    raise exception 'USER_DELETED' using errcode = 'AU001';
  end if;
  if not v_user.is_active then
    update accounts.users u
       set is_active = true, deactivated_at = null, deactivated_by = null, contacts_released_at = null, updated_at = now()
     where u.id = p_user_id;
    perform accounts.restore_contacts(p_user_id, v_user.contacts_released_at);
    perform auth.append_audit_event('user.reactivated', p_actor, p_user_id, null, null, '{}');
  end if;
  return query select d.account from accounts.describe_users(array[p_user_id]) d;
end
$$;
comment on function accounts.reactivate_user is
  'Opens a closed account; an open one stays as it is. Raises USER_DELETED, and what accounts.administer_user raises.';
grant execute on function accounts.reactivate_user to auth_service;
