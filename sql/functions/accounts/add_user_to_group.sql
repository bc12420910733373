-- Gives a user a role, as such or in an organisation. Idempotent: a membership that was deactivated is made active again.
-- Threat: whoever may execute this may give any role. Internal: callers of the service reach it only through functions
-- that have decided. p_granted_by is the user who gives it; null: it comes with a registration.
create or replace function accounts.add_user_to_group(
  p_user_id uuid,
  p_group_name text,
  p_organisation_id uuid default null,
  p_granted_by uuid default null
)
  returns boolean
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
begin
  insert into accounts.user_group_memberships as m (user_id, group_name, organisation_id, granted_by)
  values (p_user_id, p_group_name, p_organisation_id, p_granted_by)
  on conflict (user_id, group_name, organisation_id) do update
    set is_active = true, deleted_at = null, granted_by = p_granted_by, updated_at = now()
    where not m.is_active;
  return found;
end
$$;
comment on function accounts.add_user_to_group is 'Gives a role and says whether that was new; repeating it changes nothing.';
