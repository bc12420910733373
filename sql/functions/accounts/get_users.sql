-- Users by their ids for administrators, deleted ones, too: all or none.
-- Threat: an administrator whose role was taken away a moment ago: accounts.require_permission.
create or replace function accounts.get_users(p_actor uuid, p_user_ids uuid[])
  returns table (account jsonb)
  language plpgsql
  stable
  security definer
  set search_path = ''
as $$
declare
  v_missing uuid;
begin
  perform accounts.require_permission(p_actor, 'accounts.users.read');
  select a.id into v_missing
    from unnest(p_user_ids) with ordinality a (id, place)
   where not exists (select from accounts.users u where u.id = a.id)
   order by a.place
   limit 1;
  if found then
    raise exception 'USER_NOT_FOUND' using errcode = 'AU001', detail = jsonb_build_object('user_id', v_missing)::text;
  end if;
  return query select d.account from accounts.describe_users(p_user_ids) d;
end
$$;
comment on function accounts.get_users is
  'The users with these ids, in no order. Raises PERMISSION_REQUIRED, and USER_NOT_FOUND with the first one missing.';
grant execute on function accounts.get_users to auth_service;
