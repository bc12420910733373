-- Makes the first superadmin, once. Not granted to the service: a command on the machine runs it as the owner.
-- Threat: two commands at once, or one after there is a superadmin. The role's row is locked first.
-- Whoever may run commands on the machine vouches for the contacts: they are confirmed.
create or replace function accounts.create_first_superadmin(p_payload jsonb)
  returns uuid
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_user_id uuid;
  v_contact jsonb;
begin
  perform from accounts.user_groups g where g.name = 'superadmin' for update;
  if exists (
    select from accounts.user_group_memberships m where m.group_name = 'superadmin' and m.is_active
  ) then
    raise exception 'SUPERADMIN_EXISTS' using errcode = 'AU001';
  end if;

  insert into accounts.users (password_hash) values (p_payload ->> 'password_hash') returning id into v_user_id;
  for v_contact in select c.value from jsonb_array_elements(p_payload -> 'contacts') c loop
    perform accounts.create_user_contact(v_user_id, v_contact ->> 'type', v_contact ->> 'value', true);
  end loop;
  perform accounts.add_user_to_group(v_user_id, 'superadmin');
  -- No user has done it: whoever is at the machine is the first one.
  perform auth.append_audit_event('account.superadmin_created', v_user_id, v_user_id, null, null, '{}');
  return v_user_id;
end
$$;
comment on function accounts.create_first_superadmin is 'Creates the first superadmin. Raises SUPERADMIN_EXISTS.';
