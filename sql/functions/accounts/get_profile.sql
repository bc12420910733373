-- What a person tells about himself, and whether there is a password of his to change.
-- Threat: the row has the password's hash: columns are named, and of that one it is told whether there is any.
create or replace function accounts.get_profile(p_user_id uuid)
  returns table (
    display_name text,
    bio text,
    country text,
    language text,
    data jsonb,
    created_at timestamptz,
    updated_at timestamptz,
    has_password boolean
  )
  language sql
  stable
  security definer
  set search_path = ''
begin atomic
  select u.display_name, u.bio, u.country, u.language, u.profile, u.created_at, u.updated_at, u.password_hash is not null
    from accounts.users u
   where u.id = p_user_id;
end;
comment on function accounts.get_profile is 'The profile of a user; no row for an unknown one.';
grant execute on function accounts.get_profile to auth_service;
