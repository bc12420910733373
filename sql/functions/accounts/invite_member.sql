-- Sends somebody a link with which he joins an organisation and gets roles in it, and returns when the next message to the contact
-- may be asked for. If the caller may not give one of the roles, or there is no such role, it returns the first of those, and
-- nothing is sent: the refusal leaves an event.
--
-- Threats:
-- - An outsider who finds out who has an account: nothing here looks for one; the message is the same, in the language of the
--   request, and everybody gets it.
-- - A flood: by organisation and contact one message, then pauses of 60 s, 2, 5 and 10 minutes; so many a day by contact, of
--   all organisations together, and beside codes and links, which heads must not be able to use up; 100 a day by inviter. Raised,
--   so that all counts are as before.
-- - A role that the inviter loses before the link is used: it is decided again then (accounts.join_organisation).
-- - An invitation of one organisation that ends another's: only the organisation's own earlier one ends here.
-- - The secret: only its hash is stored. The service derives it from p_id and its own key, here and when it is sent.
create or replace function accounts.invite_member(
  p_actor uuid,
  p_organisation_id uuid,
  p_id uuid,
  p_contact_type text,
  p_contact text,
  p_roles text[],
  p_secret_hash text,
  p_lifetime interval,
  p_language text,
  p_contact_limit integer
)
  returns table (refused_role text, resend_seconds integer)
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_waits constant interval[] := array['60 seconds', '2 minutes', '5 minutes', '10 minutes']::interval[];
  v_day constant interval := interval '1 day';
  v_inviter_limit constant integer := 100;
  v_asked constant text := 'invitation:' || p_organisation_id || ':' || p_contact;
  v_role text;
  v_wait integer;
begin
  perform accounts.lock_users(p_actor, null);
  perform accounts.require_organisation_head(p_actor, p_organisation_id);
  foreach v_role in array p_roles loop
    if not (
      accounts.may_give_role(p_actor, null, v_role, p_organisation_id)
      and accounts.may_hold_role(null, v_role, p_organisation_id)
    ) then
      perform accounts.note_role_refusal('role.grant_refused', p_actor, null, v_role, p_organisation_id);
      refused_role := v_role;
      return next;
      return;
    end if;
  end loop;

  -- The first count is a row of the two: invitations of one organisation to one contact come one at a time.
  v_wait := auth.reserve_message(v_asked, null, v_day, v_waits);
  if v_wait = 0 then
    v_wait := auth.reserve_message('invitations:' || p_contact, p_contact_limit, v_day);
  end if;
  if v_wait = 0 then
    v_wait := auth.reserve_message('inviter:' || p_actor, v_inviter_limit, v_day);
  end if;
  if v_wait > 0 then
    raise exception 'MESSAGES_THROTTLED'
      using errcode = 'AU001', detail = jsonb_build_object('retry_after_seconds', v_wait)::text;
  end if;
  select ceil(extract(epoch from q.next_at - clock_timestamp())) into resend_seconds
    from auth.message_quotas q where q.subject = v_asked;

  update auth.challenges h
     set ended_at = now(), end_cause = 'replaced'
   where h.purpose = 'invitation' and h.contact = p_contact and h.organisation_id = p_organisation_id
     and h.ended_at is null;
  insert into auth.challenges (id, purpose, method, contact_type, contact, organisation_id, secret_hash, expires_at)
  values (p_id, 'invitation', 'link', p_contact_type, p_contact, p_organisation_id, p_secret_hash, now() + p_lifetime);
  insert into accounts.organisation_invitations (challenge_id, organisation_id, invited_by, roles)
  values (p_id, p_organisation_id, p_actor, p_roles);
  perform auth.enqueue_message(
    t.channel, p_contact, 'invitation', p_language, null, p_id, now() + p_lifetime, false
  )
    from accounts.contact_types t where t.name = p_contact_type;
  perform auth.append_audit_event(
    'organisation.invited', p_actor, null, p_organisation_id, null,
    jsonb_build_object('invitation_id', p_id, 'contact_type', p_contact_type, 'roles', p_roles)
  );
  return next;
end
$$;
comment on function accounts.invite_member is
  'Sends an invitation, or returns the role that was refused. Raises ORGANISATION_NOT_FOUND, ORGANISATION_HEAD_REQUIRED, MESSAGES_THROTTLED.';
grant execute on function accounts.invite_member to auth_service;
