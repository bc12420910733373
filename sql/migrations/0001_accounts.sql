-- Schema accounts: who people are.

create schema accounts;
comment on schema accounts is 'Who people are: users, contacts, roles.';

-- PostgreSQL grants EXECUTE on new functions to PUBLIC; here nothing is granted that a file does not name.
alter default privileges revoke execute on functions from public;

grant usage on schema accounts to auth_service;

create table accounts.users (
  id            uuid primary key default uuidv7(),
  profile       jsonb not null default '{}',
  password_hash text,
  is_active     boolean not null default true,
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  deleted_at    timestamptz,
  constraint users_profile_is_object check (jsonb_typeof(profile) = 'object'),
  constraint users_profile_size check (octet_length(profile::text) <= 32768),
  -- A hash that bcrypt cannot read is answered "wrong" at once, which would tell such accounts apart by time.
  constraint users_password_hash_form check (password_hash ~ '^\$2[aby]\$[0-9]{2}\$[./A-Za-z0-9]{53}$')
);
comment on table accounts.users is 'One row a person. password_hash is null for an account without a password.';

create table accounts.contact_types (
  name         text primary key,
  title        text not null,
  is_exclusive boolean not null,
  constraint contact_types_name_form check (name ~ '^[a-z][a-z0-9_]{1,62}$')
);
comment on table accounts.contact_types is 'The kinds of contact; a new kind is a row.';
comment on column accounts.contact_types.is_exclusive is
  'Whether a user has at most one active contact of the type: a new one deactivates the earlier.';

create table accounts.user_contacts (
  id             uuid primary key default uuidv7(),
  user_id        uuid not null references accounts.users on delete cascade,
  type           text not null references accounts.contact_types,
  value          text not null,
  is_active      boolean not null default true,
  created_at     timestamptz not null default now(),
  deactivated_at timestamptz,
  constraint user_contacts_value_form check (value <> '' and char_length(value) <= 320 and value !~ '[[:cntrl:]]'),
  constraint user_contacts_deactivation check (is_active = (deactivated_at is null))
);
comment on table accounts.user_contacts is 'Ways to reach and to log in; deactivated rows stay as history.';
-- One active owner per value, whatever the type: the syntaxes of the types are disjoint, so that a login can only ever
-- mean one account.
create unique index user_contacts_active_value on accounts.user_contacts (value) where is_active;
create index user_contacts_user on accounts.user_contacts (user_id, type);
create index user_contacts_type on accounts.user_contacts (type);

create table accounts.interfaces (
  name  text primary key,
  title text not null,
  constraint interfaces_name_form check (name ~ '^[a-z][a-z0-9_]{1,62}$')
);
comment on table accounts.interfaces is 'The front ends that a request can speak for.';

create table accounts.user_groups (
  name       text primary key,
  title      text not null,
  level      integer not null,
  listing    text not null,
  interface  text references accounts.interfaces,
  is_active  boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint user_groups_name_form check (name ~ '^[a-z][a-z0-9_]{1,62}$'),
  constraint user_groups_level_range check (level between 0 and 1000),
  constraint user_groups_listing_known check (listing in ('all', 'assignable', 'own'))
);
comment on table accounts.user_groups is 'Roles. Roles are groups, and groups are rows.';
comment on column accounts.user_groups.level is 'The rank: nobody gives a role above his own.';
comment on column accounts.user_groups.listing is
  'What a holder sees when he lists roles: all of them, the ones he may assign (on the role''s interface), or his own.';
comment on column accounts.user_groups.interface is 'The front end that holders of the role work in.';
create index user_groups_interface on accounts.user_groups (interface);

create table accounts.user_group_registrations (
  interface  text not null references accounts.interfaces,
  group_name text not null references accounts.user_groups,
  is_default boolean not null default false,
  primary key (interface, group_name)
);
comment on table accounts.user_group_registrations is
  'Which roles a person may take by registering on which interface, and which one he gets without asking.';
create unique index user_group_registrations_default on accounts.user_group_registrations (interface) where is_default;
create index user_group_registrations_group on accounts.user_group_registrations (group_name);

create table accounts.user_group_grants (
  granter text not null references accounts.user_groups,
  grantee text not null references accounts.user_groups,
  primary key (granter, grantee)
);
comment on table accounts.user_group_grants is 'The grant matrix: holders of granter may give grantee.';
create index user_group_grants_grantee on accounts.user_group_grants (grantee);

create table accounts.user_group_memberships (
  user_id    uuid not null references accounts.users on delete cascade,
  group_name text not null references accounts.user_groups,
  is_active  boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (user_id, group_name)
);
comment on table accounts.user_group_memberships is 'Who holds which role; deactivated rows stay as history.';
create index user_group_memberships_group on accounts.user_group_memberships (group_name);
