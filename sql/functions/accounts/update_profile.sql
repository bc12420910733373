-- Changes what a person tells about himself.
-- Threats: a change of one field that takes back a change of another: only the fields that are named are written, in one
-- statement on the row as it is then. Personal data in events: the names of the fields are told, never their values.
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
  update accounts.users u
     set display_name = case when p_changes ? 'display_name' then p_changes ->> 'display_name' else u.display_name end,
         bio = case when p_changes ? 'bio' then p_changes ->> 'bio' else u.bio end,
         country = case when p_changes ? 'country' then p_changes ->> 'country' else u.country end,
         language = case when p_changes ? 'language' then p_changes ->> 'language' else u.language end,
         profile = case when p_changes ? 'data' then p_changes -> 'data' else u.profile end,
         updated_at = now()
   where u.id = p_user_id
     -- A repeat changes nothing, and is no event.
     and jsonb_build_object(
           'display_name', u.display_name, 'bio', u.bio, 'country', u.country, 'language', u.language, 'data', u.profile
         ) || p_changes is distinct from jsonb_build_object(
           'display_name', u.display_name, 'bio', u.bio, 'country', u.country, 'language', u.language, 'data', u.profile
         );
  perform auth.append_event(
    'profile.updated', p_user_id, null,
    jsonb_build_object('fields', array(select k.name from jsonb_object_keys(p_changes) k (name) order by k.name))
  ) where found;
  select g.display_name, g.bio, g.country, g.language, g.data, g.created_at, g.updated_at
    into display_name, bio, country, language, data, created_at, updated_at
    from accounts.get_profile(p_user_id) g;
  return next;
end
$$;
comment on function accounts.update_profile is
  'Changes the named fields of a profile and returns it as it is then. Raises TOKEN_REVOKED.';
grant execute on function accounts.update_profile to auth_service;
