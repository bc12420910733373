-- The interfaces that requests may name; read once at start to check settings and requests against.
create or replace function accounts.list_interfaces()
  returns table (name text)
  language sql
  stable
  security definer
  set search_path = ''
begin atomic
  select i.name from accounts.interfaces i order by i.name;
end;
comment on function accounts.list_interfaces is 'The names of all interfaces, sorted.';
grant execute on function accounts.list_interfaces to auth_service;
