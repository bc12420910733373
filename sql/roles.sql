-- The two roles of the database, made once by whoever creates it (a superuser).
--
--   auth_owner    owns every table and function; migrations run as it. The service never does.
--   auth_service  what the service logs in as. It may execute the functions that are granted to it one by one in
--                 sql/functions, and nothing else: no privilege on any table, no right to create anything.
--
-- Passwords are set apart from this file: alter role auth_owner password '...', and the same for auth_service.
-- Run it connected to the service's database:  psql -d auth -f sql/roles.sql

do $$
begin
  if not exists (select from pg_roles where rolname = 'auth_owner') then
    create role auth_owner login nosuperuser nocreatedb nocreaterole noinherit;
  end if;
  if not exists (select from pg_roles where rolname = 'auth_service') then
    create role auth_service login nosuperuser nocreatedb nocreaterole noinherit;
  end if;

  execute format('revoke all on database %I from public', current_database());
  execute format('grant connect, create on database %I to auth_owner', current_database());
  execute format('grant connect on database %I to auth_service', current_database());
end
$$;

revoke all on schema public from public;

-- Names in functions and calls are schema-qualified; an empty path leaves nothing to be hijacked.
alter role auth_service set search_path = '';
-- Functions that lock a row and then look around must see what was committed while they waited.
alter role auth_service set default_transaction_isolation = 'read committed';
-- What was answered survives a crash, whatever the server's own setting.
alter role auth_service set synchronous_commit = 'on';
-- No call takes seconds: one that does has met a lock or a defect.
alter role auth_service set statement_timeout = '10s';
alter role auth_service set lock_timeout = '5s';
alter role auth_service set idle_in_transaction_session_timeout = '10s';
