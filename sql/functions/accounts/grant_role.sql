-- Gives a user a role, if the caller may. It returns its outcome and raises nothing: a refusal leaves an event.
--   granted  he holds it now
--   held     he held it before: nothing has changed
--   refused  the caller may not, or there is no such user, role or organisation: one answer for all
-- Threats: those of accounts.may_give_role; and a token that goes on with the roles of its birth: the new ones are known on every
-- replica when the call returns (auth.apply_cascade).
create or replace function accounts.grant_role(p_actor uuid, p_user_id uuid, p_role text, p_organisation_id uuid)
  returns table (outcome text, revision bigint, replicas uuid[], longest_lease_ms integer)
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
begin
  perform accounts.lock_users(p_actor, p_user_id);
  -- Null is somebody new to those two, and nobody here.
  if p_user_id is null or not (
    accounts.may_give_role(p_actor, p_user_id, p_role, p_organisation_id)
    and accounts.may_hold_role(p_user_id, p_role, p_organisation_id)
  ) then
    outcome := 'refused';
    perform accounts.note_role_refusal('role.grant_refused', p_actor, p_user_id, p_role, p_organisation_id);
    return next;
    return;
  end if;

  if not accounts.add_user_to_group(p_user_id, p_role, p_organisation_id, p_actor) then
    outcome := 'held';
    select c.revision, c.replicas, c.longest_lease_ms into revision, replicas, longest_lease_ms
      from auth.read_revision() c;
    return next;
    return;
  end if;

  outcome := 'granted';
  perform auth.append_audit_event(
    'role.granted', p_actor, p_user_id, p_organisation_id, null, jsonb_build_object('role', p_role)
  );
  select c.revision, c.replicas, c.longest_lease_ms into revision, replicas, longest_lease_ms
    from auth.apply_cascade(p_user_id, 'role_changed', null, p_actor) c;
  return next;
end
$$;
comment on function accounts.grant_role is
  'Gives a role and returns the outcome (granted, held, refused), with the revision to be known everywhere, and by whom.';
grant execute on function accounts.grant_role to auth_service;
