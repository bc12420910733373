-- Joins the organisation of an invitation and takes its roles, in one transaction with the link. It returns its outcome: that of an
-- inviter who may not give the roles leaves an event.
--   joined   with the organisation
--   refused  by accounts.join_organisation; nothing is joined or confirmed, and the link is as it was
-- Threats: a link that was forwarded, or read by somebody else: it works for the account that has the invited contact, and for no
-- other. One that has not confirmed it has by the link, which was sent there. Parallel calls, of which one may succeed:
-- accounts.redeem_invitation. An inviter who may not give the roles any more: accounts.join_organisation.
-- Every other refusal raises, and the link is as it was, too.
create or replace function accounts.accept_invitation(
  p_user_id uuid,
  p_invitation_id uuid,
  p_secret_hash text,
  p_language text
)
  returns table (
    outcome text,
    id uuid,
    name text,
    is_head boolean,
    roles text[],
    created_at timestamptz,
    revision bigint,
    replicas uuid[],
    longest_lease_ms integer
  )
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_inviter uuid;
  v_organisation_id uuid;
  v_link text;
  v_contact_type text;
  v_contact text;
  v_contact_id uuid;
  v_refused_role text;
begin
  -- What the block below locks is let go when it is undone; the event of a refusal is written under the locks of its decision.
  select i.invited_by, i.organisation_id into v_inviter, v_organisation_id
    from accounts.organisation_invitations i where i.challenge_id = p_invitation_id;
  perform accounts.lock_users(v_inviter, p_user_id);

  begin
    select r.outcome, r.contact_type, r.contact into v_link, v_contact_type, v_contact
      from accounts.redeem_invitation(p_invitation_id, p_secret_hash, p_user_id) r;
    perform accounts.lock_active_user(p_user_id);
    select c.id into v_contact_id
      from accounts.user_contacts c
     where c.user_id = p_user_id and c.type = v_contact_type and c.value = v_contact and c.is_active;
    if v_link <> 'accepted' or v_contact_id is null then
      raise exception 'LINK_INVALID' using errcode = 'AU001';
    end if;
    perform accounts.confirm_contact(p_user_id, v_contact_id, p_language);
    v_refused_role := accounts.join_organisation(p_user_id, p_invitation_id);
    if v_refused_role is not null then
      raise exception 'ROLE_NOT_GRANTABLE' using errcode = 'AU001';
    end if;
  exception
    when sqlstate 'AU001' then
      if sqlerrm = 'CONTACT_TAKEN' then
        raise exception 'LINK_INVALID' using errcode = 'AU001';
      end if;
      if sqlerrm <> 'ROLE_NOT_GRANTABLE' then
        raise;
      end if;
      perform accounts.note_role_refusal('role.grant_refused', v_inviter, p_user_id, v_refused_role, v_organisation_id);
      outcome := 'refused';
      return next;
      return;
  end;

  outcome := 'joined';
  select n.id, n.name, o.is_head, n.created_at into id, name, is_head, created_at
    from accounts.organisations n
    join accounts.organisation_members o on o.organisation_id = n.id
   where n.id = v_organisation_id and o.user_id = p_user_id;
  roles := accounts.get_organisation_roles(p_user_id, v_organisation_id);
  select c.revision, c.replicas, c.longest_lease_ms into revision, replicas, longest_lease_ms
    from auth.apply_cascade(p_user_id, 'role_changed', null, p_user_id) c;
  return next;
end
$$;
comment on function accounts.accept_invitation is
  'Joins by an invitation and returns the outcome (joined, refused), with the organisation and the revision to be known everywhere, and by whom. Raises LINK_INVALID, TOKEN_REVOKED.';
grant execute on function accounts.accept_invitation to auth_service;
