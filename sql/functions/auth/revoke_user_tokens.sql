-- Revokes everything that was ever handed out to a user, for an administrator: sessions with their tokens, codes and links, and
-- device tokens, which a thief could go on guessing with beside the limits for strangers.
-- Threats: those of accounts.administer_user. A login at the same moment: it takes the user's row, too, and comes before this and
-- is ended, or begins after it.
-- A repeat revokes what was handed out meanwhile: it is an act, and an event, of its own.
create or replace function auth.revoke_user_tokens(p_actor uuid, p_user_id uuid)
  returns table (ended integer, revision bigint, replicas uuid[], longest_lease_ms integer)
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
begin
  perform accounts.administer_user(p_actor, 'auth.tokens.revoke', p_user_id);
  update accounts.users u set devices_since = clock_timestamp() where u.id = p_user_id;
  perform auth.append_audit_event('user.tokens_revoked', p_actor, p_user_id, null, null, '{}');
  select c.ended, c.revision, c.replicas, c.longest_lease_ms into ended, revision, replicas, longest_lease_ms
    from auth.apply_cascade(p_user_id, 'admin_revoked', null, p_actor) c;
  return next;
end
$$;
comment on function auth.revoke_user_tokens is
  'Revokes all sessions, codes, links and device tokens of a user. Raises what accounts.administer_user raises.';
grant execute on function auth.revoke_user_tokens to auth_service;
