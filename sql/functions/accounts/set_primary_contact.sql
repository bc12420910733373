-- Makes a contact the first of its type: notices are sent there.
-- Threat: notices sent to an address that nobody has shown to be the person's: only a confirmed contact can be primary.
create or replace function accounts.set_primary_contact(p_user_id uuid, p_contact_id uuid)
  returns accounts.user_contacts
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_contact accounts.user_contacts;
begin
  perform accounts.lock_active_user(p_user_id);
  select * into v_contact
    from accounts.user_contacts c
   where c.id = p_contact_id and c.user_id = p_user_id and c.is_active;
  if not found then
    raise exception 'CONTACT_NOT_FOUND' using errcode = 'AU001';
  end if;
  if v_contact.confirmed_at is null then
    raise exception 'CONTACT_NOT_CONFIRMED' using errcode = 'AU001';
  end if;

  update accounts.user_contacts c
     set is_primary = false
   where c.user_id = p_user_id and c.type = v_contact.type and c.is_primary and c.id <> p_contact_id;
  if not v_contact.is_primary then
    update accounts.user_contacts c set is_primary = true where c.id = p_contact_id returning * into v_contact;
    perform auth.append_audit_event(
      'contact.made_primary', p_user_id, p_user_id, null, null,
      jsonb_build_object('contact_id', p_contact_id, 'type', v_contact.type)
    );
  end if;
  return v_contact;
end
$$;
comment on function accounts.set_primary_contact is
  'Makes a confirmed contact the primary of its type. Raises CONTACT_NOT_FOUND, CONTACT_NOT_CONFIRMED, TOKEN_REVOKED.';
grant execute on function accounts.set_primary_contact to auth_service;
