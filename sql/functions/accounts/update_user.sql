-- Changes a user's profile for an administrator.
-- Threats: those of accounts.administer_user and accounts.write_profile. Personal data in the audit: the names of the fields are
-- told, never their values.
create or replace function accounts.update_user(p_actor uuid, p_user_id uuid, p_changes jsonb)
  returns table (account jsonb)
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_user accounts.users;
begin
  v_user := accounts.administer_user(p_actor, 'accounts.users.update', p_user_id);
  if v_user.deleted_at is not null then
    raise exception 'USER_DELETED' using errcode = 'AU001';
  end if;
  if accounts.write_profile(p_user_id, p_changes) then
    perform auth.append_audit_event(
      'user.updated', p_actor, p_user_id, null, null,
      jsonb_build_object('fields', array(select k.name from jsonb_object_keys(p_changes) k (name) order by k.name))
    );
  end if;
  return query select d.account from accounts.describe_users(array[p_user_id]) d;
end
$$;
comment on function accounts.update_user is
  'Changes the named fields of a profile. Raises USER_DELETED, and what accounts.administer_user raises.';
grant execute on function accounts.update_user to auth_service;
