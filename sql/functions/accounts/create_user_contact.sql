-- Gives a user a contact.
-- Threats: two people who claim one value at once: the unique index on confirmed values decides, and the loser is told which
-- type of contact it was, never the value. Somebody who claims what is another's: an unconfirmed contact is in nobody's way.
-- Internal: registration and accounts.add_contact go through it.
create or replace function accounts.create_user_contact(
  p_user_id uuid,
  p_type text,
  p_value text,
  p_is_confirmed boolean default false
)
  returns accounts.user_contacts
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_contact accounts.user_contacts;
  v_type accounts.contact_types;
  v_is_confirmed boolean;
begin
  select * into strict v_type from accounts.contact_types t where t.name = p_type;
  v_is_confirmed := p_is_confirmed or not v_type.needs_confirmation;

  -- Before anything is given up: two who want each other's would wait for each other.
  if v_is_confirmed and not accounts.is_contact_available(p_value) then
    raise exception 'REGISTER_USER_ALREADY_EXISTS'
      using errcode = 'AU001', detail = jsonb_build_object('contact_type', p_type)::text;
  end if;

  -- One that is not confirmed yet replaces nothing but others of its kind: a typing error must not lock anybody out.
  perform accounts.retire_contact(c.id)
    from accounts.user_contacts c
   where v_type.is_exclusive
     and c.user_id = p_user_id and c.type = p_type and c.is_active
     and (v_is_confirmed or c.confirmed_at is null);

  insert into accounts.user_contacts (user_id, type, value, confirmed_at, is_primary)
  values (
    p_user_id, p_type, p_value,
    case when v_is_confirmed then now() end,
    v_is_confirmed and not exists (
      select from accounts.user_contacts c where c.user_id = p_user_id and c.type = p_type and c.is_primary
    )
  )
  returning * into v_contact;
  return v_contact;
exception
  when unique_violation then
    raise exception 'REGISTER_USER_ALREADY_EXISTS'
      using errcode = 'AU001', detail = jsonb_build_object('contact_type', p_type)::text;
end
$$;
comment on function accounts.create_user_contact is
  'Adds an active contact; a confirmed one of an exclusive type (second_login, phone) replaces the earlier, which stays as history.';
