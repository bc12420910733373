-- Closes the caller's account: nothing logs in to it any more, sessions end, tokens, codes and links are dead.
-- Threats: those of accounts.close_account; a call that was let in before the account was closed: the row is read under its lock.
create or replace function accounts.deactivate_account(p_user_id uuid, p_language text)
  returns table (ended integer, revision bigint, replicas uuid[], longest_lease_ms integer)
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
begin
  perform accounts.lock_active_user(p_user_id);
  perform accounts.close_account(p_user_id, p_user_id, p_language);
  perform auth.append_audit_event(
    'account.deactivated', p_user_id, p_user_id, null, null, jsonb_build_object('deactivated_by', p_user_id)
  );
  select c.ended, c.revision, c.replicas, c.longest_lease_ms into ended, revision, replicas, longest_lease_ms
    from auth.apply_cascade(p_user_id, 'account_deactivated', null, p_user_id) c;
  return next;
end
$$;
comment on function accounts.deactivate_account is
  'Closes an account; returns how many sessions ended, the revision to be known everywhere, and by whom. Raises LAST_SUPERADMIN, TOKEN_REVOKED.';
grant execute on function accounts.deactivate_account to auth_service;
