-- Joins the organisation of an invitation and takes its roles, in one transaction with the link.
-- Threats: a link that was forwarded, or read by somebody else: it works for the account that has confirmed the invited contact,
-- and for no other. Parallel calls, of which one may succeed: accounts.redeem_invitation. An inviter who may not give the roles any
-- more: accounts.join_organisation. Every refusal raises: nothing is joined, and the link is as it was.
create or replace function accounts.accept_invitation(p_user_id uuid, p_invitation_id uuid, p_secret_hash text)
  returns table (
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
  v_outcome text;
  v_organisation_id uuid;
  v_contact_type text;
  v_contact text;
begin
  select r.outcome, r.organisation_id, r.contact_type, r.contact
    into v_outcome, v_organisation_id, v_contact_type, v_contact
    from accounts.redeem_invitation(p_invitation_id, p_secret_hash, p_user_id) r;
  perform accounts.lock_active_user(p_user_id);
  if v_outcome <> 'accepted' or not exists (
    select from accounts.user_contacts c
     where c.user_id = p_user_id and c.type = v_contact_type and c.value = v_contact
       and c.is_active and c.confirmed_at is not null
  ) then
    raise exception 'LINK_INVALID' using errcode = 'AU001';
  end if;
  perform accounts.join_organisation(p_user_id, p_invitation_id);

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
  'Joins by an invitation; returns the organisation and the revision to be known everywhere, and by whom. Raises LINK_INVALID, ROLE_NOT_GRANTABLE, TOKEN_REVOKED.';
grant execute on function accounts.accept_invitation to auth_service;
