-- Writes the named fields of a profile, in one statement on the row as it is then.
-- Threats: a change of one field that takes back a change of another: only the fields that are named are written.
-- Internal: owners and administrators change profiles alike. Whoever calls it has decided, and holds the lock of the user's row.
--
-- p_changes: those of display_name, bio, country, language (text, or null to clear) and data (object) that change.
create or replace function accounts.write_profile(p_user_id uuid, p_changes jsonb)
  returns boolean
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
begin
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
  return found;
end
$$;
comment on function accounts.write_profile is 'Writes the named fields of a profile and says whether that has changed anything.';
