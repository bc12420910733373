-- Decides whether an organisation exists for the caller: it does for whoever belongs to it.
-- Threats: those of accounts.require_organisation_head.
-- Internal: what members do begins with it, after accounts.lock_users.
create or replace function accounts.require_organisation_member(p_actor uuid, p_organisation_id uuid)
  returns void
  language plpgsql
  stable
  security definer
  set search_path = ''
as $$
begin
  if not exists (select from accounts.users u where u.id = p_actor and u.is_active and u.deleted_at is null) then
    raise exception 'TOKEN_REVOKED' using errcode = 'AU001';
  end if;
  if not exists (
    select from accounts.organisation_members o
      join accounts.organisations n on n.id = o.organisation_id
     where o.organisation_id = p_organisation_id and o.user_id = p_actor and o.deleted_at is null
       and n.deleted_at is null
  ) then
    raise exception 'ORGANISATION_NOT_FOUND' using errcode = 'AU001';
  end if;
end
$$;
comment on function accounts.require_organisation_member is
  'Raises TOKEN_REVOKED for a closed account, ORGANISATION_NOT_FOUND for whoever does not belong to the organisation.';
