-- What the escalation test runs its steps with: thousands of them in one call, each in a transaction of its own.
create schema escalation;

-- Sets a scene: roles of a graph under the names that it has every time, and people who are new each time.
create function escalation.set_scene(p jsonb) returns void language plpgsql as $$
begin
  insert into accounts.interfaces (name, title)
  select i, 'Test' from jsonb_array_elements_text(p -> 'interfaces') i on conflict do nothing;
  insert into accounts.user_groups (name, title, level, listing, grant_scope)
  select r.name, r.name, r.level, 'own', r.scope
    from jsonb_to_recordset(p -> 'roles') r (name text, level integer, scope text)
  on conflict (name) do update set level = excluded.level, grant_scope = excluded.grant_scope;
  delete from accounts.user_group_grants g
   where g.granter in (select r.name from jsonb_to_recordset(p -> 'roles') r (name text));
  insert into accounts.user_group_grants (granter, grantee)
  select g ->> 0, g ->> 1 from jsonb_array_elements(p -> 'grants') g;
  delete from accounts.user_group_registrations r where p -> 'interfaces' ? r.interface;
  insert into accounts.user_group_registrations (interface, group_name)
  select r ->> 0, r ->> 1 from jsonb_array_elements(p -> 'registrations') r;

  insert into accounts.users (id, is_guest)
  select u.id, u.guest from jsonb_to_recordset(p -> 'users') u (id uuid, guest boolean);
  insert into auth.sessions (id, user_id, expires_at, access_expires_at)
  select u.id, u.id, now() + interval '1 day', now() from jsonb_to_recordset(p -> 'users') u (id uuid);
  insert into accounts.organisations (id, name) select o::uuid, 'Test' from jsonb_array_elements_text(p -> 'organisations') o;
  insert into accounts.organisation_members (organisation_id, user_id, is_head)
  select m.organisation, m."user", m.head
    from jsonb_to_recordset(p -> 'members') m (organisation uuid, "user" uuid, head boolean);
  insert into accounts.user_group_memberships (user_id, group_name, organisation_id)
  select h."user", h.role, nullif(h.organisation, '')::uuid
    from jsonb_to_recordset(p -> 'held') h ("user" uuid, role text, organisation text);
end
$$;

-- One step; what has no stored function yet, or no event of its own, is done and told here, under the same locks.
create function escalation.take_step(p jsonb) returns text language plpgsql as $$
declare
  v_user uuid := (p ->> 'user')::uuid;
  v_organisation uuid := nullif(p ->> 'organisation', '')::uuid;
  v_outcome text := p ->> 'kind';
begin
  case p ->> 'kind'
  when 'grant' then
    select g.outcome into v_outcome from accounts.grant_role((p ->> 'actor')::uuid, v_user, p ->> 'role', v_organisation) g;
    return v_outcome;
  when 'revoke' then
    select r.outcome into v_outcome from accounts.revoke_role((p ->> 'actor')::uuid, v_user, p ->> 'role', v_organisation) r;
    return v_outcome;
  when 'close' then
    perform accounts.deactivate_account(v_user, 'en');
    return v_outcome;
  when 'register' then
    perform accounts.create_user_with_relations(jsonb_build_object(
      'interface', p ->> 'interface', 'group_names', p -> 'roles', 'contacts', '[]'::jsonb,
      'guest_user_id', v_user, 'guest_session_id', v_user
    ));
  when 'reopen' then
    perform accounts.lock_users(v_user, v_user);
    update accounts.users u set is_active = true, deactivated_at = null, deactivated_by = null
     where u.id = v_user and not u.is_active and not u.is_guest;
  when 'join' then
    perform accounts.lock_users(v_user, v_user);
    insert into accounts.organisation_members as m (organisation_id, user_id, is_head)
    values (v_organisation, v_user, (p ->> 'head')::boolean)
    on conflict (organisation_id, user_id) do update set deleted_at = null, is_head = excluded.is_head;
  when 'leave' then
    perform accounts.lock_users(v_user, v_user);
    update accounts.user_group_memberships m set is_active = false, deleted_at = now()
     where m.user_id = v_user and m.organisation_id = v_organisation and m.is_active;
    update accounts.organisation_members m set deleted_at = now()
     where m.user_id = v_user and m.organisation_id = v_organisation and m.deleted_at is null;
  end case;
  if not found then
    return 'refused';
  end if;
  perform auth.append_audit_event('step.' || v_outcome, v_user, v_user, v_organisation, null, p);
  return v_outcome;
exception
  when sqlstate 'AU001' then
    return 'refused';
end
$$;

create procedure escalation.take_steps(p_steps jsonb, inout p_outcomes text[]) language plpgsql as $$
declare
  v_step jsonb;
begin
  foreach v_step in array array(select s from jsonb_array_elements(p_steps) s) loop
    p_outcomes := p_outcomes || escalation.take_step(v_step);
    commit;
  end loop;
end
$$;
