-- The types of contacts; read once at start.
create or replace function accounts.list_contact_types()
  returns table (name text, is_exclusive boolean, needs_confirmation boolean, channel text, pattern text)
  language sql
  stable
  security definer
  set search_path = ''
begin atomic
  select t.name, t.is_exclusive, t.needs_confirmation, t.channel, t.pattern
    from accounts.contact_types t
   order by t.name;
end;
comment on function accounts.list_contact_types is 'All types of contacts, sorted by name.';
grant execute on function accounts.list_contact_types to auth_service;
