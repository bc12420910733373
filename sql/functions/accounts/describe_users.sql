-- Users as administrators and other services are shown them: with the contacts that are in use, and the roles that they hold.
-- Threat: the row has the password's hash: what is shown is named field by field, and of the hash only whether there is one.
-- Internal: whoever calls it has decided who may look. No row for an unknown user.
create or replace function accounts.describe_users(p_user_ids uuid[])
  returns table (user_id uuid, account jsonb)
  language sql
  stable
  security definer
  set search_path = ''
begin atomic
  select u.id,
         jsonb_build_object(
           'id', u.id,
           'state', accounts.account_state(u.deleted_at, u.is_active, u.is_guest),
           'display_name', u.display_name,
           'bio', u.bio,
           'country', u.country,
           'language', u.language,
           'data', u.profile,
           'has_password', u.password_hash is not null,
           'created_at', u.created_at,
           'updated_at', u.updated_at,
           'deactivated_at', u.deactivated_at,
           'deleted_at', u.deleted_at,
           'contacts', coalesce((
             select jsonb_agg(
                      jsonb_build_object(
                        'id', c.id, 'type', c.type, 'value', c.value, 'is_active', c.is_active, 'is_primary', c.is_primary,
                        'created_at', c.created_at, 'confirmed_at', c.confirmed_at, 'deactivated_at', c.deactivated_at
                      )
                      order by c.type, c.is_primary desc, c.created_at, c.id
                    )
               from accounts.user_contacts c
              where c.user_id = u.id and c.is_active
           ), '[]'),
           'roles', coalesce((
             select jsonb_agg(
                      jsonb_build_object('role', m.group_name, 'organisation_id', m.organisation_id)
                      order by m.group_name, m.organisation_id nulls first
                    )
               from accounts.user_group_memberships m
               join accounts.user_groups g on g.name = m.group_name
              where m.user_id = u.id and m.is_active and g.is_active
           ), '[]')
         )
    from accounts.users u
   where u.id = any (p_user_ids);
end;
comment on function accounts.describe_users is 'The users with these ids, in no order, each as one JSON object without secrets.';
