-- Schema auth: sessions, refresh tokens, revocations, signing keys.

create schema auth;
comment on schema auth is 'Sessions and what proves them.';

grant usage on schema auth to auth_service;

create table auth.sessions (
  id                uuid primary key,
  user_id           uuid not null references accounts.users on delete cascade,
  interface         text,
  user_agent        text,
  ip                inet,
  created_at        timestamptz not null default now(),
  last_used_at      timestamptz not null default now(),
  expires_at        timestamptz not null,
  access_expires_at timestamptz not null,
  ended_at          timestamptz,
  end_trigger       text,
  constraint sessions_user_agent_length check (char_length(user_agent) <= 512),
  constraint sessions_end check ((ended_at is null) = (end_trigger is null))
);
comment on table auth.sessions is 'One row a login, from its beginning to a while after its end.';
comment on column auth.sessions.expires_at is 'The end of the session however much it is used.';
comment on column auth.sessions.access_expires_at is
  'The end of the access token that lives longest: a revocation of the session is kept until then.';
create index sessions_live_of_user on auth.sessions (user_id) where ended_at is null;
create index sessions_user on auth.sessions (user_id);
create index sessions_expiry on auth.sessions (expires_at);
create index sessions_ended on auth.sessions (ended_at) where ended_at is not null;

create table auth.refresh_tokens (
  session_id          uuid primary key references auth.sessions on delete cascade,
  user_id             uuid not null references accounts.users on delete cascade,
  generation          integer not null default 1,
  token_hash          text not null,
  previous_token_hash text,
  created_at          timestamptz not null default now(),
  rotated_at          timestamptz,
  expires_at          timestamptz not null,
  constraint refresh_tokens_generation_positive check (generation > 0),
  constraint refresh_tokens_hash_form check (token_hash ~ '^[0-9a-f]{64}$'),
  constraint refresh_tokens_previous_hash_form check (previous_token_hash ~ '^[0-9a-f]{64}$')
);
comment on table auth.refresh_tokens is
  'One row a session, however often it is refreshed: the SHA-256 of the current token and of its predecessor, and a counter.';
create index refresh_tokens_user on auth.refresh_tokens (user_id);
create index refresh_tokens_expiry on auth.refresh_tokens (expires_at);

create table auth.revocations (
  revision   bigint primary key,
  kind       text not null,
  subject    uuid not null,
  user_id    uuid not null,
  trigger    text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  constraint revocations_kind_known check (kind in ('token', 'session'))
);
comment on table auth.revocations is
  'What was revoked before its time. A row is kept until the last access token that it blocks has expired.';
comment on column auth.revocations.subject is 'The jti of a token, or the id of a session.';
create index revocations_expiry on auth.revocations (expires_at);
create index revocations_subject on auth.revocations (subject);

create table auth.revocation_state (
  is_only_row  boolean primary key default true,
  revision     bigint not null,
  keys_version bigint not null,
  constraint revocation_state_is_only_row check (is_only_row)
);
comment on table auth.revocation_state is
  'The latest revision. Its row lock puts revocations in one order, which is the order of their commits.';
insert into auth.revocation_state (revision, keys_version) values (0, 0);

create table auth.replicas (
  id         uuid primary key,
  lease      interval not null,
  started_at timestamptz not null default now(),
  seen_at    timestamptz not null default now(),
  constraint replicas_lease_range check (lease > interval '0' and lease <= interval '5 seconds')
);
comment on table auth.replicas is 'The running replicas of the service that may hold a lease on their view of revocations.';

create table auth.signing_keys (
  kid                   text primary key,
  algorithm             text not null,
  public_jwk            jsonb not null,
  encrypted_private_key bytea not null,
  created_at            timestamptz not null default now(),
  active_from           timestamptz not null,
  retired_at            timestamptz,
  constraint signing_keys_algorithm_known check (algorithm in ('EdDSA', 'ES256', 'RS256')),
  constraint signing_keys_public_only check (not public_jwk ?| array['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'])
);
comment on table auth.signing_keys is
  'Published before active_from, signing from then until the next key is active, verifying until retired_at.';

create table auth.registrations (
  key_hash       text primary key,
  request_digest text not null,
  user_id        uuid not null references accounts.users on delete cascade,
  session_id     uuid not null,
  token_id       uuid not null,
  issued_at      timestamptz not null,
  expires_at     timestamptz not null,
  constraint registrations_key_hash_form check (key_hash ~ '^[0-9a-f]{64}$')
);
comment on table auth.registrations is 'What a Register with an idempotency key did, so that its repeat gets the same answer.';
create index registrations_expiry on auth.registrations (expires_at);
create index registrations_user on auth.registrations (user_id);

create table auth.login_attempts (
  subject       text primary key,
  failures      integer not null,
  blocked_until timestamptz,
  expires_at    timestamptz not null
);
comment on table auth.login_attempts is
  'Failed and pending logins per account and per address. An attempt is counted before it is evaluated.';
create index login_attempts_expiry on auth.login_attempts (expires_at);

create table auth.outbox_events (
  id          bigint generated always as identity primary key,
  event_id    uuid not null default gen_random_uuid(),
  type        text not null,
  user_id     uuid,
  session_id  uuid,
  data        jsonb not null default '{}',
  occurred_at timestamptz not null default now(),
  constraint outbox_events_type_form check (type ~ '^[a-z_]+(\.[a-z_]+)+$')
);
comment on table auth.outbox_events is 'Events, written in the transaction that they tell of, to be published after it.';
create index outbox_events_age on auth.outbox_events (occurred_at);
