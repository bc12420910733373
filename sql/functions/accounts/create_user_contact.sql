-- Gives a user a contact.
-- Threat: two people who claim one value at once. The unique index on active values decides; the loser is told which type
-- of contact it was, never the value. Internal until contacts have their own calls.
create or replace function accounts.create_user_contact(p_user_id uuid, p_type text, p_value text)
  returns accounts.user_contacts
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_contact accounts.user_contacts;
begin
  update accounts.user_contacts c
     set is_active = false, deactivated_at = now()
    from accounts.contact_types t
   where t.name = p_type and t.is_exclusive
     and c.user_id = p_user_id and c.type = p_type and c.is_active and c.value <> p_value;

  insert into accounts.user_contacts (user_id, type, value)
  values (p_user_id, p_type, p_value)
  returning * into v_contact;
  return v_contact;
exception
  when unique_violation then
    raise exception 'REGISTER_USER_ALREADY_EXISTS'
      using errcode = 'AU001', detail = jsonb_build_object('contact_type', p_type)::text;
end
$$;
comment on function accounts.create_user_contact is
  'Adds an active contact; of an exclusive type (second_login, phone) the earlier one is deactivated and stays as history.';
