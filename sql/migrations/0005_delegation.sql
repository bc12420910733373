-- Organisations and scoped roles, changes of roles in the log of revocations, user administration, the audit.

-- Whom the holders of a role may give other roles to.

alter table accounts.user_groups
  add column grant_scope text not null default 'anyone',
  add constraint user_groups_grant_scope_known check (grant_scope in ('anyone', 'organisation'));
comment on column accounts.user_groups.grant_scope is
  'To whom holders give the roles of the grant matrix: to anyone, or to the members of an organisation that they head.';
update accounts.user_groups g set grant_scope = 'organisation' where g.listing = 'assignable';

-- Organisations.

create table accounts.organisations (
  id         uuid primary key default uuidv7(),
  name       text not null,
  created_by uuid references accounts.users on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz,
  constraint organisations_name_length check (char_length(name) between 1 and 100 and name !~ '[[:cntrl:]]')
);
comment on table accounts.organisations is 'What a head has people in.';
create index organisations_created_by on accounts.organisations (created_by);

create table accounts.organisation_members (
  organisation_id uuid not null references accounts.organisations on delete cascade,
  user_id         uuid not null references accounts.users on delete cascade,
  is_head         boolean not null default false,
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  deleted_at      timestamptz,
  primary key (organisation_id, user_id)
);
comment on table accounts.organisation_members is 'Who belongs to which organisation; members who have left stay as history.';
create index organisation_members_of_user on accounts.organisation_members (user_id) where deleted_at is null;
create index organisation_members_user on accounts.organisation_members (user_id);
create index organisation_members_active on accounts.organisation_members (organisation_id, user_id) where deleted_at is null;

-- A role is held as such, or in an organisation: the same one in several, perhaps.
alter table accounts.user_group_memberships
  add column organisation_id uuid references accounts.organisations on delete cascade,
  add column granted_by uuid,
  add column deleted_at timestamptz;
comment on column accounts.user_group_memberships.organisation_id is
  'The organisation in which it was given, and with which it goes; null: none.';
comment on column accounts.user_group_memberships.granted_by is
  'The user who gave it; null: it came with the registration. No foreign key: who it was stays known when the account is gone.';
update accounts.user_group_memberships m set deleted_at = m.updated_at where not m.is_active;
alter table accounts.user_group_memberships
  add constraint user_group_memberships_deletion check (is_active = (deleted_at is null)),
  drop constraint user_group_memberships_pkey;
create unique index user_group_memberships_one on accounts.user_group_memberships (user_id, group_name, organisation_id)
  nulls not distinct;
create index user_group_memberships_organisation on accounts.user_group_memberships (organisation_id, user_id);
create index user_group_memberships_holders on accounts.user_group_memberships (group_name, user_id) where is_active;
drop index accounts.user_group_memberships_group;
create index user_group_memberships_group on accounts.user_group_memberships (group_name);

-- Invitations: a challenge, and what it leads to.

alter table auth.challenges
  add column organisation_id uuid references accounts.organisations on delete cascade,
  drop constraint challenges_purpose_known,
  add constraint challenges_purpose_known check (
    purpose in ('registration', 'code_login', 'contact_confirmation', 'password_reset', 'invitation')
  ),
  drop constraint challenges_end_cause_known,
  add constraint challenges_end_cause_known check (end_cause in ('used', 'replaced', 'tries_used_up', 'cascade', 'cancelled')),
  add constraint challenges_invitation check ((purpose = 'invitation') = (organisation_id is not null));
comment on column auth.challenges.organisation_id is 'Of an invitation: to what.';
create index challenges_organisation on auth.challenges (organisation_id);
drop index auth.challenges_live;
-- One live code or link a purpose and contact; of invitations one for each organisation.
create unique index challenges_live on auth.challenges (purpose, contact, contact_id, organisation_id) nulls not distinct
  where ended_at is null;

create table accounts.organisation_invitations (
  challenge_id    uuid primary key references auth.challenges on delete cascade,
  organisation_id uuid not null references accounts.organisations on delete cascade,
  invited_by      uuid not null references accounts.users on delete cascade,
  roles           text[] not null,
  created_at      timestamptz not null default now(),
  constraint organisation_invitations_roles check (cardinality(roles) between 1 and 20)
);
comment on table accounts.organisation_invitations is
  'Who was invited by whom, and to which roles. Whether the inviter may give them is decided when it is accepted.';
create index organisation_invitations_organisation on accounts.organisation_invitations (organisation_id, challenge_id);
create index organisation_invitations_inviter on accounts.organisation_invitations (invited_by);

-- A change of roles is told to every replica as revocations are: what a token says of roles is as old as the token.

alter table auth.revocations
  add column roles text[],
  drop constraint revocations_kind_known,
  add constraint revocations_kind_known check (kind in ('token', 'session', 'roles')),
  add constraint revocations_roles check ((kind = 'roles') = (roles is not null));
comment on table auth.revocations is
  'What was revoked before its time, and what roles have become. A row is kept until the last access token that it concerns has expired.';
comment on column auth.revocations.subject is 'The jti of a token, the id of a session, or the user whose roles have changed.';
comment on column auth.revocations.roles is 'The roles that the user holds from then on.';

alter table auth.replicas
  add column token_lifetime interval not null default '1 day',
  add constraint replicas_token_lifetime_range check (token_lifetime > interval '0' and token_lifetime <= interval '1 day');
comment on column auth.replicas.token_lifetime is
  'How long access tokens of the replica live: for as long it remembers a change of roles that it has heard of.';

alter table auth.revocation_triggers
  drop constraint revocation_triggers_sessions_known,
  add constraint revocation_triggers_sessions_known check (sessions in ('none', 'this', 'others', 'all'));
insert into auth.revocation_triggers (name, sessions, ends_challenges, about) values
  ('role_changed', 'none', false, 'A role given or taken away'),
  ('session_ended', 'this', false, 'A session ended from the list of sessions'),
  ('admin_sessions_ended', 'all', false, 'All sessions ended by an administrator'),
  ('admin_revoked', 'all', true, 'Everything revoked by an administrator'),
  ('account_deleted', 'all', true, 'The account deleted by an administrator');

-- User administration.

alter table accounts.users
  add column deleted_by uuid,
  add constraint users_deletion check (deleted_by is null or deleted_at is not null),
  drop constraint users_password_hash_form,
  -- A hash that its verifier cannot read is answered "wrong" at once, which would tell such accounts apart by time.
  add constraint users_password_hash_form check (
    password_hash ~ '^\$2[aby]\$[0-9]{2}\$[./A-Za-z0-9]{53}$'
    or password_hash ~ '^\$argon2id\$v=19\$m=[0-9]{1,7},t=[0-9]{1,2},p=[0-9]{1,2}\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,86}$'
  );
comment on column accounts.users.deleted_by is 'The user who did it.';
alter table accounts.users
  drop constraint users_contacts_released,
  add constraint users_contacts_released check (
    contacts_released_at is null or deactivated_at is not null or deleted_at is not null
  );
comment on column accounts.users.contacts_released_at is
  'Of a closed or deleted account: since when its contacts are free for others; null: they are reserved for it.';
comment on column accounts.users.devices_since is
  'When the password was last changed or reset, or everything was revoked: device tokens of before count as none. Null: all count.';
drop index accounts.users_deactivated;
-- Those whose contacts are still reserved for them: it stays small however many accounts are ever closed.
create index users_reserving on accounts.users (coalesce(deactivated_at, deleted_at))
  where coalesce(deactivated_at, deleted_at) is not null and contacts_released_at is null;
-- Lists by state, the latest first: ids are in the order of time.
create index users_active_list on accounts.users (id) where is_active and deleted_at is null and not is_guest;
create index users_deactivated_list on accounts.users (id) where not is_active and deleted_at is null;
create index users_deleted_list on accounts.users (id) where deleted_at is not null;
create index users_guest_list on accounts.users (id) where is_guest and is_active and deleted_at is null;
-- Contacts by their beginning.
create index user_contacts_prefix on accounts.user_contacts (value text_pattern_ops, user_id) where is_active;

-- The audit: who did what to whom.

create table auth.audit_events (
  id              uuid primary key default uuidv7(),
  occurred_at     timestamptz not null default clock_timestamp(),
  action          text not null,
  actor_id        uuid not null,
  user_id         uuid,
  organisation_id uuid,
  session_id      uuid,
  data            jsonb not null default '{}',
  constraint audit_events_action_form check (action ~ '^[a-z_]+(\.[a-z_]+)+$')
);
comment on table auth.audit_events is
  'Who did what to whom. The service adds to it and reads it; nothing that it may execute changes or removes a row.';
comment on column auth.audit_events.id is 'In the order of time: lists go by it.';
create index audit_events_actor on auth.audit_events (actor_id, id);
create index audit_events_user on auth.audit_events (user_id, id);
create index audit_events_organisation on auth.audit_events (organisation_id, id);
create index audit_events_action on auth.audit_events (action, id);

alter table auth.outbox_events add column actor_id uuid;
comment on column auth.outbox_events.actor_id is 'The user who did it; null: the service itself, or the user it is about.';

-- Signatures that have changed.
drop function if exists accounts.add_user_to_group(uuid, text);
-- The service asks accounts.check_permission now, which writes refusals down; this is for other functions.
drop function if exists accounts.has_permission(uuid, text);
drop function if exists auth.record_revocations(text, uuid[], timestamptz[], uuid, text, uuid);
drop function if exists auth.register_replica(uuid, interval);
