-- Opens an account for somebody else, and returns it. If the caller may not give one of the roles, or there is no such role, it
-- returns the first of those, and nothing is created: the refusal leaves an event.
-- Threats: a role above the caller's own: each has to be one that he could give to somebody new (accounts.may_give_role). A contact
-- that somebody has: accounts.insert_user. A role that was taken from the caller a moment ago: his row is locked first.
--
-- p_user: as in accounts.insert_user
create or replace function accounts.create_user(p_actor uuid, p_user jsonb)
  returns table (refused_role text, account jsonb)
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_roles text[] := array(select jsonb_array_elements_text(p_user -> 'roles'));
  v_role text;
  v_user_id uuid;
begin
  perform accounts.lock_users(p_actor, null);
  perform accounts.require_permission(p_actor, 'accounts.users.create');
  foreach v_role in array v_roles loop
    if not (accounts.may_give_role(p_actor, null, v_role, null) and accounts.may_hold_role(null, v_role, null)) then
      perform accounts.note_role_refusal('role.grant_refused', p_actor, null, v_role, null);
      refused_role := v_role;
      return next;
      return;
    end if;
  end loop;

  v_user_id := accounts.insert_user(p_user, p_actor);
  perform auth.append_audit_event(
    'role.granted', p_actor, v_user_id, null, null, jsonb_build_object('role', r.role)
  )
    from unnest(v_roles) r (role);
  perform auth.append_audit_event(
    'user.created', p_actor, v_user_id, null, null, jsonb_build_object('roles', v_roles)
  );
  select d.account into account from accounts.describe_users(array[v_user_id]) d;
  return next;
end
$$;
comment on function accounts.create_user is
  'Creates a user and returns him, or the role that was refused. Raises CONTACT_TAKEN, PERMISSION_REQUIRED.';
grant execute on function accounts.create_user to auth_service;
