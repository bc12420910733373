-- The open invitations of an organisation, for its heads: the latest first, from p_before on; ids are in the order of time.
-- Threat: an invitation's secret: not even its hash is shown.
create or replace function accounts.list_invitations(p_actor uuid, p_organisation_id uuid, p_before uuid, p_limit integer)
  returns table (
    id uuid,
    contact_type text,
    contact text,
    roles text[],
    invited_by uuid,
    created_at timestamptz,
    expires_at timestamptz
  )
  language plpgsql
  stable
  security definer
  set search_path = ''
as $$
begin
  perform accounts.require_organisation_head(p_actor, p_organisation_id);
  return query
  select h.id, h.contact_type, h.contact, i.roles, i.invited_by, i.created_at, h.expires_at
    from accounts.organisation_invitations i
    join auth.challenges h on h.id = i.challenge_id
   where i.organisation_id = p_organisation_id and h.ended_at is null and h.expires_at > clock_timestamp()
     and i.challenge_id < coalesce(p_before, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
   order by i.challenge_id desc
   limit p_limit;
end
$$;
comment on function accounts.list_invitations is
  'Invitations that can still be accepted, older than p_before. Raises ORGANISATION_NOT_FOUND, ORGANISATION_HEAD_REQUIRED.';
grant execute on function accounts.list_invitations to auth_service;
