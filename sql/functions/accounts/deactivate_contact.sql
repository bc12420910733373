-- Takes a contact of the caller out of use.
-- Threats: somebody who shuts himself out: the last way to log in stays, and two removals at once are decided one after the
-- other, under the user's lock. Another's contact: it is not found, as one that does not exist.
-- A contact is a way in when it is confirmed and the account has a password to go with it, or codes can be sent to it.
create or replace function accounts.deactivate_contact(p_user_id uuid, p_contact_id uuid, p_language text)
  returns accounts.user_contacts
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_has_password boolean;
  v_contact accounts.user_contacts;
  v_ways_in uuid[];
begin
  v_has_password := (accounts.lock_active_user(p_user_id)).password_hash is not null;
  select * into v_contact from accounts.user_contacts c where c.id = p_contact_id and c.user_id = p_user_id;
  if not found then
    raise exception 'CONTACT_NOT_FOUND' using errcode = 'AU001';
  end if;
  if not v_contact.is_active then
    return v_contact;
  end if;

  select coalesce(array_agg(c.id), '{}') into v_ways_in
    from accounts.user_contacts c
    join accounts.contact_types t on t.name = c.type
   where c.user_id = p_user_id and c.is_active and c.confirmed_at is not null
     and (v_has_password or t.channel is not null);
  if v_ways_in = array[p_contact_id] then
    raise exception 'CONTACT_LAST_LOGIN' using errcode = 'AU001';
  end if;

  -- To the address of before, which may be this one.
  perform auth.enqueue_notice(p_user_id, 'contact_changed', p_language);
  return accounts.retire_contact(p_contact_id);
end
$$;
comment on function accounts.deactivate_contact is
  'Deactivates a contact; one that is history is returned as it is. Raises CONTACT_NOT_FOUND, CONTACT_LAST_LOGIN, TOKEN_REVOKED.';
grant execute on function accounts.deactivate_contact to auth_service;
