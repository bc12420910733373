-- Closes an account for an administrator, as its owner could.
-- Threats: those of accounts.administer_user and accounts.close_account. An answer that was lost: whoever repeats the call changes
-- nothing, and is told once more when the end of the sessions is known everywhere.
create or replace function accounts.deactivate_user(p_actor uuid, p_user_id uuid, p_language text)
  returns table (ended integer, revision bigint, replicas uuid[], longest_lease_ms integer, account jsonb)
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
  if v_user.is_active then
    perform accounts.close_account(p_user_id, p_actor, p_language);
    -- The event of accounts.deactivate_account: whoever listens for it need not know who did it.
    perform auth.append_audit_event(
      'account.deactivated', p_actor, p_user_id, null, null, jsonb_build_object('deactivated_by', p_actor)
    );
  end if;
  select d.account into account from accounts.describe_users(array[p_user_id]) d;
  select c.ended, c.revision, c.replicas, c.longest_lease_ms into ended, revision, replicas, longest_lease_ms
    from auth.apply_cascade(p_user_id, 'account_deactivated', null, p_actor) c;
  return next;
end
$$;
comment on function accounts.deactivate_user is
  'Closes an account; closed already, it stays so. Raises LAST_SUPERADMIN, USER_DELETED, and what accounts.administer_user raises.';
grant execute on function accounts.deactivate_user to auth_service;
