-- Makes sure that an organisation has another head, before one goes.
-- Threat: the last two who go at once, each by his own hand, and leave people whom nobody can manage. The organisation's row is
-- locked: the second one waits, and sees what the first has done. A head whose account is closed is of no use, and counts as none.
-- Internal: called after accounts.lock_users by what takes a headship away. Nothing happens for a member who is no head.
create or replace function accounts.require_other_head(p_user_id uuid, p_organisation_id uuid)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
begin
  if not exists (
    select from accounts.organisation_members o
     where o.organisation_id = p_organisation_id and o.user_id = p_user_id and o.is_head and o.deleted_at is null
  ) then
    return;
  end if;
  perform from accounts.organisations n where n.id = p_organisation_id for update;
  if not exists (
    select from accounts.organisation_members o
      join accounts.users u on u.id = o.user_id
     where o.organisation_id = p_organisation_id and o.user_id <> p_user_id and o.is_head and o.deleted_at is null
       and u.is_active and u.deleted_at is null
  ) then
    raise exception 'ORGANISATION_LAST_HEAD' using errcode = 'AU001';
  end if;
end
$$;
comment on function accounts.require_other_head is 'Raises ORGANISATION_LAST_HEAD if the user is the only head of the organisation.';
