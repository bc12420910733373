-- The permissions that there are; read once at start to check what the methods name.
create or replace function accounts.list_permissions()
  returns table (name text)
  language sql
  stable
  security definer
  set search_path = ''
begin atomic
  select p.name from accounts.permissions p order by p.name;
end;
comment on function accounts.list_permissions is 'The names of all permissions, sorted.';
grant execute on function accounts.list_permissions to auth_service;
