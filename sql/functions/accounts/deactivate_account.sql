-- Closes an account: nothing logs in to it any more, sessions end, tokens, codes and links are dead. Its contacts stay as they
-- are, and so reserved, until accounts.release_contacts.
-- Threats: a login at the same moment: it takes the user's row, too, and comes before this or finds the account closed. The last
-- two superadmins who leave at once: accounts.require_other_superadmin.
create or replace function accounts.deactivate_account(p_user_id uuid, p_language text)
  returns table (ended integer, revision bigint, replicas uuid[], longest_lease_ms integer)
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
begin
  perform accounts.lock_active_user(p_user_id);
  perform accounts.require_other_superadmin(p_user_id);
  update accounts.users u
     set is_active = false, deactivated_at = now(), deactivated_by = p_user_id, updated_at = now()
   where u.id = p_user_id;
  perform auth.enqueue_notice(p_user_id, 'account_deactivated', p_language);
  perform auth.append_event('account.deactivated', p_user_id, null, jsonb_build_object('deactivated_by', p_user_id));
  select c.ended, c.revision, c.replicas, c.longest_lease_ms into ended, revision, replicas, longest_lease_ms
    from auth.apply_cascade(p_user_id, 'account_deactivated', null, p_user_id) c;
  return next;
end
$$;
comment on function accounts.deactivate_account is
  'Closes an account; returns how many sessions ended, the revision to be known everywhere, and by whom. Raises LAST_SUPERADMIN, TOKEN_REVOKED.';
grant execute on function accounts.deactivate_account to auth_service;
