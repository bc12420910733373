-- Decides whether the caller may act as a head of an organisation.
-- Threats: somebody who finds out which organisations there are: to whoever neither belongs to one nor is permitted to act as a
-- head of any it does not exist. A call that was let in before its account was closed, and acts after it.
-- Internal: what heads do begins with it. accounts.lock_users comes before it where something is changed.
create or replace function accounts.require_organisation_head(p_actor uuid, p_organisation_id uuid)
  returns void
  language plpgsql
  stable
  security definer
  set search_path = ''
as $$
begin
  if accounts.is_organisation_head(p_actor, p_organisation_id) then
    return;
  end if;
  perform accounts.require_organisation_member(p_actor, p_organisation_id);
  raise exception 'ORGANISATION_HEAD_REQUIRED' using errcode = 'AU001';
end
$$;
comment on function accounts.require_organisation_head is
  'Raises TOKEN_REVOKED for a closed account, ORGANISATION_NOT_FOUND for an outsider, ORGANISATION_HEAD_REQUIRED for a member.';
