-- Creates a user who registers himself: user, contacts and memberships. Knows nothing of tokens.
-- Threat: a front end that asks for more than its interface gives. The decision is made here, in the transaction, and a
-- refusal raises, so nothing of the user is left.
--
-- p_payload: {"interface": text, "group_names": [text], "contacts": [{"type": text, "value": text}],
--             "profile": object, "password_hash": text}
create or replace function accounts.create_user_with_relations(p_payload jsonb)
  returns accounts.users
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_user accounts.users;
  v_group_names text[];
  v_name text;
  v_contact jsonb;
begin
  v_group_names := accounts.assert_self_assignable(
    p_payload ->> 'interface',
    array(select jsonb_array_elements_text(coalesce(p_payload -> 'group_names', '[]')))
  );

  insert into accounts.users (profile, password_hash)
  values (coalesce(p_payload -> 'profile', '{}'), p_payload ->> 'password_hash')
  returning * into v_user;

  -- In the order of values: two registrations that share two contacts meet in the same order and cannot deadlock.
  for v_contact in
    select c.value from jsonb_array_elements(p_payload -> 'contacts') c order by c.value ->> 'value'
  loop
    perform accounts.create_user_contact(v_user.id, v_contact ->> 'type', v_contact ->> 'value');
  end loop;

  foreach v_name in array v_group_names loop
    perform accounts.add_user_to_group(v_user.id, v_name);
  end loop;

  return v_user;
end
$$;
comment on function accounts.create_user_with_relations is
  'Creates a self-registered user with contacts and roles. Raises ROLE_NOT_ASSIGNABLE.';
grant execute on function accounts.create_user_with_relations to auth_service;
