-- Creates a guest: a user without contacts and password, with the role that guests have on the interface.
-- Threat: a front end that makes more of its guests. The interface's row names the role, never the request; an interface
-- without one, or whose role is switched off, has no guests.
create or replace function accounts.create_guest(p_interface text)
  returns uuid
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_role text;
  v_user_id uuid;
begin
  select g.name into v_role
    from accounts.interfaces i
    join accounts.user_groups g on g.name = i.guest_role
   where i.name = p_interface and g.is_active;
  if v_role is null then
    raise exception 'ROLE_NOT_ASSIGNABLE' using errcode = 'AU001';
  end if;

  insert into accounts.users (is_guest) values (true) returning id into v_user_id;
  perform accounts.add_user_to_group(v_user_id, v_role);
  return v_user_id;
end
$$;
comment on function accounts.create_guest is 'Creates a guest of the interface and returns the id. Raises ROLE_NOT_ASSIGNABLE.';
grant execute on function accounts.create_guest to auth_service;
