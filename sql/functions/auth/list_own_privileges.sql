-- What the caller may do to tables, for the check at start: a service role with a right to a table is a broken set-up.
-- Security invoker: it tells about the role that calls.
create or replace function auth.list_own_privileges()
  returns table (relation text)
  language sql
  stable
  security invoker
  set search_path = ''
begin atomic
  select c.oid::regclass::text
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where n.nspname in ('auth', 'accounts')
     and c.relkind in ('r', 'p', 'v', 'm', 'f')
     and (
       pg_catalog.has_table_privilege(c.oid, 'select, insert, update, delete, truncate, references, trigger')
       or pg_catalog.has_any_column_privilege(c.oid, 'select, insert, update, references')
     )
   order by 1;
end;
comment on function auth.list_own_privileges is 'The tables that the calling role has any privilege on: none, for the service.';
grant execute on function auth.list_own_privileges to auth_service;
