-- Decides whether an administrator may act on a user: by his permission, and by rank.
-- Threats: support staff who take over a superadmin by way of his password, sessions or contacts: nobody acts on somebody who
-- ranks higher. A role that was taken away meanwhile.
-- Internal: whoever calls it holds the rows of both against change. It finds deleted users, too.
create or replace function accounts.require_administrable(p_actor uuid, p_permission text, p_user_id uuid)
  returns accounts.users
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_user accounts.users;
begin
  perform accounts.require_permission(p_actor, p_permission);
  select * into v_user from accounts.users u where u.id = p_user_id;
  if not found then
    raise exception 'USER_NOT_FOUND' using errcode = 'AU001';
  end if;
  if accounts.outranks(p_user_id, p_actor) then
    raise exception 'USER_OUTRANKS_CALLER' using errcode = 'AU001';
  end if;
  return v_user;
end
$$;
comment on function accounts.require_administrable is
  'The user''s row. Raises PERMISSION_REQUIRED, USER_NOT_FOUND, USER_OUTRANKS_CALLER.';
