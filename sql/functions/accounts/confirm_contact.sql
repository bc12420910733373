-- Makes a contact count whose owner has shown that it is his, in the transaction that has redeemed the proof.
-- Threats: two accounts that prove one value at once: the unique index on confirmed values decides. A contact that was given up
-- while its proof was on the way: null, and nothing comes back to life.
-- A refusal raises and takes the redemption with it: a proof is used up by what it achieves.
create or replace function accounts.confirm_contact(p_user_id uuid, p_contact_id uuid, p_language text)
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
    return null;
  end if;
  if v_contact.confirmed_at is not null then
    return v_contact;
  end if;

  -- Before anything is given up: two who want each other's would wait for each other.
  if not accounts.is_contact_available(v_contact.value) then
    raise exception 'CONTACT_TAKEN' using errcode = 'AU001';
  end if;

  -- To the address of before: it may be the one that is added by somebody else.
  perform auth.enqueue_notice(p_user_id, 'contact_changed', p_language);
  perform accounts.retire_contact(c.id)
    from accounts.user_contacts c
    join accounts.contact_types t on t.name = c.type
   where t.is_exclusive
     and c.user_id = p_user_id and c.type = v_contact.type and c.is_active and c.id <> p_contact_id;

  update accounts.user_contacts c
     set confirmed_at = now(),
         is_primary = not exists (
           select from accounts.user_contacts o where o.user_id = p_user_id and o.type = v_contact.type and o.is_primary
         )
   where c.id = p_contact_id
  returning * into v_contact;
  perform auth.append_audit_event(
    'contact.confirmed', p_user_id, p_user_id, null, null,
    jsonb_build_object('contact_id', p_contact_id, 'type', v_contact.type)
  );
  return v_contact;
exception
  when unique_violation then
    raise exception 'CONTACT_TAKEN' using errcode = 'AU001';
end
$$;
comment on function accounts.confirm_contact is
  'Confirms a contact; one of an exclusive type replaces the earlier. Null if it is not active any more. Raises CONTACT_TAKEN, TOKEN_REVOKED.';
grant execute on function accounts.confirm_contact to auth_service;
