-- Changes what a person tells about himself.
-- Threats: those of accounts.write_profile. Personal data in events: the names of the fields are told, never their values.
--
-- p_changes: those of display_name, bio, country, language (text, or null to clear) and data (object) that change.
create or replace function accounts.update_profile(p_user_id uuid, p_changes jsonb)
  returns table (
    display_name text,
    bio text,
    country text,
    language text,
    data jsonb,
    created_at timestamptz,
    updated_at timestamptz
  )
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
begin
  perform accounts.lock_active_user(p_user_id);
  if accounts.write_profile(p_user_id, p_changes) then
    perform auth.append_event(
      'profile.updated', p_user_id, null,
      jsonb_build_object('fields', array(select k.name from jsonb_object_keys(p_changes) k (name) order by k.name))
    );
  end if;
  select g.display_name, g.bio, g.country, g.language, g.data, g.created_at, g.updated_at
    into display_name, bio, country, language, data, created_at, updated_at
    from accounts.get_profile(p_user_id) g;
  return next;
end
$$;
comment on function accounts.update_profile is
  'Changes the named fields of a profile and returns it as it is then. Raises TOKEN_REVOKED.';
grant execute on function accounts.update_profile to auth_service;
