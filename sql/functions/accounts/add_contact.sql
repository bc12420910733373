-- Adds a contact to the caller's account.
-- Threats: a typing error, or somebody else's address: what needs a confirmation replaces nothing and is in nobody's way. Two
-- who want one second_login: the unique index decides. An account that piles up contacts: 20, and 200 with those that it
-- has given up in 30 days, counted under the user's lock.
-- Guests have no contacts: an account begins with a registration.
create or replace function accounts.add_contact(p_user_id uuid, p_type text, p_value text, p_language text)
  returns accounts.user_contacts
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_most_active constant integer := 20;
  v_most constant integer := 200;
  v_active integer;
  v_all integer;
  v_contact accounts.user_contacts;
begin
  if (accounts.lock_active_user(p_user_id)).is_guest then
    raise exception 'ACCOUNT_REQUIRED' using errcode = 'AU001';
  end if;
  select * into v_contact
    from accounts.user_contacts c
   where c.user_id = p_user_id and c.value = p_value and c.is_active;
  if found then
    return v_contact;
  end if;

  -- To the address of before: whoever adds a login may be about to take the account over.
  perform auth.enqueue_notice(p_user_id, 'contact_changed', p_language)
    from accounts.contact_types t
   where t.name = p_type and not t.needs_confirmation;

  begin
    v_contact := accounts.create_user_contact(p_user_id, p_type, p_value);
  exception
    when sqlstate 'AU001' then
      raise exception 'CONTACT_TAKEN' using errcode = 'AU001';
  end;

  -- Counted afterwards: what was replaced is no more.
  select count(*) filter (where c.is_active), count(*) into v_active, v_all
    from accounts.user_contacts c
   where c.user_id = p_user_id and (c.is_active or c.deactivated_at > now() - interval '30 days');
  if v_active > v_most_active or v_all > v_most then
    raise exception 'CONTACT_LIMIT'
      using errcode = 'AU001',
            detail = jsonb_build_object('limit', case when v_active > v_most_active then v_most_active else v_most end)::text;
  end if;

  perform auth.append_audit_event(
    'contact.added', p_user_id, p_user_id, null, null, jsonb_build_object('contact_id', v_contact.id, 'type', p_type)
  );
  return v_contact;
end
$$;
comment on function accounts.add_contact is
  'Adds a contact, or returns the one that the account has. Raises CONTACT_TAKEN, CONTACT_LIMIT, ACCOUNT_REQUIRED, TOKEN_REVOKED.';
grant execute on function accounts.add_contact to auth_service;
