-- What roles permit, and who has ended what.

create table accounts.permissions (
  name  text primary key,
  title text not null,
  constraint permissions_name_form check (name ~ '^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$' and char_length(name) <= 128)
);
comment on table accounts.permissions is 'What administration may do: an ADMIN method names the one that it needs.';

create table accounts.role_permissions (
  role       text not null references accounts.user_groups,
  permission text not null references accounts.permissions,
  primary key (role, permission)
);
comment on table accounts.role_permissions is 'Which role permits what to its holders.';
create index role_permissions_permission on accounts.role_permissions (permission);

-- No foreign keys: who it was stays known when the account is gone.
alter table auth.revocations add column revoked_by uuid;
comment on column auth.revocations.revoked_by is 'The user who did it; null: the service itself.';

alter table auth.sessions add column ended_by uuid;
alter table auth.sessions add constraint sessions_ended_by_somebody check (ended_by is null or ended_at is not null);
comment on column auth.sessions.ended_by is 'The user who ended it; null: the service itself, or nobody yet.';

-- Both are told by whom now.
drop function if exists auth.record_revocations(text, uuid[], timestamptz[], uuid, text);
drop function if exists auth.end_sessions(uuid, uuid[], text);
