-- Makes sure that there is another superadmin, before one goes.
-- Threats: the last two who go at once: the role's row is locked, so the second one waits, and sees what the first has done.
-- One who has the role in an organisation: it permits nothing outside it, so he is none and stands in for none.
-- Internal: called by what takes the role away, or closes an account. Nothing happens for a user who is none.
create or replace function accounts.require_other_superadmin(p_user_id uuid)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
begin
  if not exists (
    select from accounts.user_group_memberships m
     where m.user_id = p_user_id and m.group_name = 'superadmin' and m.organisation_id is null and m.is_active
  ) then
    return;
  end if;
  perform from accounts.user_groups g where g.name = 'superadmin' for update;
  if not exists (
    select from accounts.user_group_memberships m
      join accounts.users u on u.id = m.user_id
     where m.group_name = 'superadmin' and m.organisation_id is null and m.is_active
       and u.id <> p_user_id and u.is_active and u.deleted_at is null
  ) then
    raise exception 'LAST_SUPERADMIN' using errcode = 'AU001';
  end if;
end
$$;
comment on function accounts.require_other_superadmin is 'Raises LAST_SUPERADMIN if the user is the only active superadmin.';
