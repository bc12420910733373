-- Creates a user who registers himself, on his own account or by an invitation: user, contacts and memberships. Knows nothing
-- of tokens.
-- Threats: a front end that asks for more than its interface gives; somebody who registers over a user that is no guest; an
-- invitation that gives what its inviter may not, or is used twice (accounts.redeem_invitation, accounts.join_organisation). All
-- is decided here, in the transaction, and a refusal raises, so nothing of the user is left, and the invitation is as it was.
--
-- p_payload: {"interface": text, "group_names": [text],
--             "contacts": [{"type": text, "value": text, "is_confirmed": boolean}],
--             "profile": object, "password_hash": text or null,
--             "display_name": text, "country": text, "language": text (all three may be absent),
--             "guest_user_id", "guest_session_id": uuids of the guest who registers and of his live session, or absent,
--             "invitation_id": uuid, "invitation_secret_hash": text (both may be absent)}
-- By an invitation the user has the invited contact, confirmed, and the roles of the invitation, in its organisation. Those of the
-- interface he has beside them, if he has asked for any.
create or replace function accounts.create_user_with_relations(p_payload jsonb)
  returns accounts.users
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_user accounts.users;
  v_group_names text[] := array(select jsonb_array_elements_text(coalesce(p_payload -> 'group_names', '[]')));
  v_contacts jsonb := p_payload -> 'contacts';
  v_invitation_id constant uuid := (p_payload ->> 'invitation_id')::uuid;
  v_outcome text;
  v_name text;
  v_contact jsonb;
begin
  if v_invitation_id is not null then
    select r.outcome, v_contacts || jsonb_build_object('type', r.contact_type, 'value', r.contact, 'is_confirmed', true)
      into v_outcome, v_contacts
      from accounts.redeem_invitation(
        v_invitation_id, p_payload ->> 'invitation_secret_hash', (p_payload ->> 'guest_user_id')::uuid
      ) r;
    if v_outcome = 'used' then
      raise exception 'VERIFY_USER_ALREADY_VERIFIED' using errcode = 'AU001';
    end if;
    if v_outcome <> 'accepted' then
      raise exception 'VERIFY_USER_BAD_TOKEN' using errcode = 'AU001';
    end if;
  end if;
  if v_invitation_id is null or cardinality(v_group_names) > 0 then
    v_group_names := accounts.assert_self_assignable(p_payload ->> 'interface', v_group_names);
  end if;

  if p_payload ->> 'guest_user_id' is null then
    insert into accounts.users (profile, password_hash, display_name, country, language)
    values (
      coalesce(p_payload -> 'profile', '{}'), p_payload ->> 'password_hash',
      p_payload ->> 'display_name', p_payload ->> 'country', p_payload ->> 'language'
    )
    returning * into v_user;
  else
    update accounts.users u
       set is_guest = false,
           -- What he has told as a guest stays, unless he tells it anew.
           profile = coalesce(nullif(p_payload -> 'profile', '{}'), u.profile),
           password_hash = p_payload ->> 'password_hash',
           display_name = coalesce(p_payload ->> 'display_name', u.display_name),
           country = coalesce(p_payload ->> 'country', u.country),
           language = coalesce(p_payload ->> 'language', u.language),
           updated_at = now()
     where u.id = (p_payload ->> 'guest_user_id')::uuid and u.is_guest and u.is_active and u.deleted_at is null
    returning * into v_user;
    -- His session is looked at under the lock of his row: a logout that has answered is one.
    if v_user.id is not null and not exists (
      select from auth.sessions s
       where s.id = (p_payload ->> 'guest_session_id')::uuid and s.user_id = v_user.id and s.ended_at is null
    ) then
      raise exception 'TOKEN_REVOKED' using errcode = 'AU001';
    end if;
    if v_user.id is null then
      raise exception 'GUEST_TOKEN_REQUIRED' using errcode = 'AU001';
    end if;
    update accounts.user_group_memberships m
       set is_active = false, deleted_at = now(), updated_at = now()
     where m.user_id = v_user.id and m.is_active;
  end if;

  -- In the order of values: two registrations that share two contacts meet in the same order and cannot deadlock.
  for v_contact in
    select c.value from jsonb_array_elements(v_contacts) c order by c.value ->> 'value'
  loop
    if not accounts.is_contact_available(v_contact ->> 'value') then
      raise exception 'REGISTER_USER_ALREADY_EXISTS'
        using errcode = 'AU001', detail = jsonb_build_object('contact_type', v_contact ->> 'type')::text;
    end if;
    perform accounts.create_user_contact(
      v_user.id, v_contact ->> 'type', v_contact ->> 'value', coalesce((v_contact ->> 'is_confirmed')::boolean, false)
    );
  end loop;

  foreach v_name in array v_group_names loop
    perform accounts.add_user_to_group(v_user.id, v_name);
  end loop;
  if v_invitation_id is not null and accounts.join_organisation(v_user.id, v_invitation_id) is not null then
    raise exception 'ROLE_NOT_GRANTABLE' using errcode = 'AU001';
  end if;

  return v_user;
end
$$;
comment on function accounts.create_user_with_relations is
  'Creates a self-registered user, or makes one of a guest, with contacts and roles. Raises ROLE_NOT_ASSIGNABLE, REGISTER_USER_ALREADY_EXISTS, GUEST_TOKEN_REQUIRED; by an invitation VERIFY_USER_BAD_TOKEN, VERIFY_USER_ALREADY_VERIFIED, ROLE_NOT_GRANTABLE.';
grant execute on function accounts.create_user_with_relations to auth_service;
