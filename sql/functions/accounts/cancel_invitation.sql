-- Ends an invitation: its link is dead.
-- Threats: a head of another organisation, or a member who is none: to them there is no such invitation. An acceptance at the same
-- moment: the challenge's row decides which of the two came first.
create or replace function accounts.cancel_invitation(p_actor uuid, p_invitation_id uuid)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_organisation_id uuid;
begin
  perform accounts.lock_users(p_actor, null);
  select i.organisation_id into v_organisation_id
    from accounts.organisation_invitations i where i.challenge_id = p_invitation_id;
  if not accounts.is_organisation_head(p_actor, v_organisation_id) then
    raise exception 'INVITATION_NOT_FOUND' using errcode = 'AU001';
  end if;
  update auth.challenges h
     set ended_at = now(), end_cause = 'cancelled'
   where h.id = p_invitation_id and h.ended_at is null and h.expires_at > clock_timestamp();
  if not found then
    raise exception 'INVITATION_NOT_FOUND' using errcode = 'AU001';
  end if;
  perform auth.append_audit_event(
    'organisation.invitation_cancelled', p_actor, null, v_organisation_id, null,
    jsonb_build_object('invitation_id', p_invitation_id)
  );
end
$$;
comment on function accounts.cancel_invitation is 'Ends an open invitation of an organisation that the actor may act as a head of. Raises INVITATION_NOT_FOUND.';
grant execute on function accounts.cancel_invitation to auth_service;
