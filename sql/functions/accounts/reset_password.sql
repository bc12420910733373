-- Replaces a forgotten password, in the transaction that has redeemed the proof.
-- Threats: a thief who is logged in stays: every session ends, and every code and link that is on its way. A login with the old
-- password at the same moment: as in accounts.change_password. An account that was closed meanwhile: no row, and nothing is set.
-- Whoever had forgotten it has tried before he asked: what he has failed is forgiven, on his devices, too.
create or replace function accounts.reset_password(p_user_id uuid, p_new_hash text, p_language text)
  returns table (ended integer, revision bigint, replicas uuid[], longest_lease_ms integer)
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
begin
  update accounts.users u
     set password_hash = p_new_hash, devices_since = clock_timestamp(), updated_at = now()
   where u.id = p_user_id and u.is_active and u.deleted_at is null;
  if not found then
    return;
  end if;
  perform auth.forgive_account(p_user_id);
  perform auth.append_audit_event('password.reset', p_user_id, p_user_id, null, null, '{}');
  perform auth.enqueue_notice(p_user_id, 'password_changed', p_language);
  select c.ended, c.revision, c.replicas, c.longest_lease_ms into ended, revision, replicas, longest_lease_ms
    from auth.apply_cascade(p_user_id, 'password_reset', null, p_user_id) c;
  return next;
end
$$;
comment on function accounts.reset_password is
  'Sets a new password and ends all sessions, codes and links; no row for a user who is not active.';
grant execute on function accounts.reset_password to auth_service;
