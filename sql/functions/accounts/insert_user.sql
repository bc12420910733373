-- Puts somebody there for an administrator who vouches for him: user, contacts and roles. Contacts are confirmed, and the first
-- one of each type is its primary.
-- Threats: a contact that somebody has, or gets at this moment: the unique index on confirmed values decides, and the refusal
-- names the type, never the value. Two who take in the same people at once: contacts are inserted in the order of their values.
-- Internal: whoever calls it has decided that the roles may be given, and that the contacts are normalised, all different, and
-- of an exclusive type at most one.
--
-- p_user: {"contacts": [{"type": text, "value": text}], "roles": [text], "password_hash": text,
--          "display_name": text, "bio": text, "country": text, "language": text, "data": object}; all but contacts may be absent
create or replace function accounts.insert_user(p_user jsonb, p_actor uuid)
  returns uuid
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_user_id uuid;
  v_taken text;
begin
  insert into accounts.users (password_hash, display_name, bio, country, language, profile)
  values (
    p_user ->> 'password_hash', p_user ->> 'display_name', p_user ->> 'bio', p_user ->> 'country', p_user ->> 'language',
    coalesce(p_user -> 'data', '{}')
  )
  returning id into v_user_id;

  begin
    insert into accounts.user_contacts (user_id, type, value, confirmed_at, is_primary)
    select v_user_id, n.type, n.value, now(), row_number() over (partition by n.type order by n.place) = 1
      from (
        select c.contact ->> 'type' as type, c.contact ->> 'value' as value, c.place
          from jsonb_array_elements(p_user -> 'contacts') with ordinality c (contact, place)
      ) n
     order by n.value;
  exception
    when unique_violation then
      -- Whoever was faster has committed: the index has waited for him.
      select c.contact ->> 'type' into v_taken
        from jsonb_array_elements(p_user -> 'contacts') with ordinality c (contact, place)
       where not accounts.is_contact_available(c.contact ->> 'value')
       order by c.place
       limit 1;
      raise exception 'CONTACT_TAKEN'
        using errcode = 'AU001', detail = jsonb_strip_nulls(jsonb_build_object('contact_type', v_taken))::text;
  end;

  perform accounts.add_user_to_group(v_user_id, r.role, null, p_actor)
    from jsonb_array_elements_text(coalesce(p_user -> 'roles', '[]')) r (role);
  return v_user_id;
end
$$;
comment on function accounts.insert_user is
  'Creates a user with confirmed contacts and roles, given by p_actor, and returns the id. Raises CONTACT_TAKEN.';
