-- Gives a user a role. Idempotent: a membership that was deactivated is made active again.
-- Threat: whoever may execute this may give any role. Internal: callers of the service reach it only through functions
-- that have decided.
create or replace function accounts.add_user_to_group(p_user_id uuid, p_group_name text)
  returns void
  language sql
  volatile
  security definer
  set search_path = ''
begin atomic
  insert into accounts.user_group_memberships as m (user_id, group_name)
  values (p_user_id, p_group_name)
  on conflict (user_id, group_name) do update
    set is_active = true, updated_at = now()
    where not m.is_active;
end;
comment on function accounts.add_user_to_group is 'Gives a role; repeating it changes nothing.';
