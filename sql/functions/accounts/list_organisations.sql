-- The organisations that a user belongs to, the latest first: ids are in the order of time.
-- Threat: a page without end: nobody is shown more than 100.
create or replace function accounts.list_organisations(p_user_id uuid)
  returns table (id uuid, name text, is_head boolean, roles text[], created_at timestamptz)
  language sql
  stable
  security definer
  set search_path = ''
begin atomic
  select n.id, n.name, o.is_head, accounts.get_organisation_roles(o.user_id, n.id), n.created_at
    from accounts.organisation_members o
    join accounts.organisations n on n.id = o.organisation_id
   where o.user_id = p_user_id and o.deleted_at is null and n.deleted_at is null
   order by n.id desc
   limit 100;
end;
comment on function accounts.list_organisations is 'The latest 100 organisations of a user, with the roles that he holds in each.';
grant execute on function accounts.list_organisations to auth_service;
