-- Confirmed contacts, profiles, guests; challenges (codes and links), messages, and what each trigger of a revocation ends.

-- Contacts.

alter table accounts.contact_types
  add column needs_confirmation boolean not null default true,
  add column channel text,
  add column pattern text,
  add constraint contact_types_channel_form check (channel ~ '^[a-z][a-z0-9_]{1,62}$');
comment on column accounts.contact_types.needs_confirmation is
  'Whether a contact of the type is used only after its owner has shown that it is his.';
comment on column accounts.contact_types.channel is 'How messages are sent to it; null: none can be.';
comment on column accounts.contact_types.pattern is
  'The form of a stored contact, as a regular expression, for types that the service does not know; it may match no e-mail address, phone or second_login.';
update accounts.contact_types t set channel = 'email' where t.name = 'email';
update accounts.contact_types t set channel = 'sms' where t.name = 'phone';
-- What nothing can be sent to can never be confirmed: second_login, and types that an administrator has added.
update accounts.contact_types t set needs_confirmation = false where t.channel is null;
alter table accounts.contact_types
  add constraint contact_types_can_be_confirmed check (channel is not null or not needs_confirmation);

alter table accounts.user_contacts
  add column confirmed_at timestamptz,
  add column is_primary boolean not null default false;
-- They could be logged in with until now, and go on.
update accounts.user_contacts c set confirmed_at = c.created_at;
update accounts.user_contacts c set is_primary = true
  from (select distinct on (a.user_id, a.type) a.id from accounts.user_contacts a where a.is_active
         order by a.user_id, a.type, a.created_at, a.id) first
 where c.id = first.id;
alter table accounts.user_contacts
  add constraint user_contacts_primary_is_usable check (not is_primary or (is_active and confirmed_at is not null));
drop index accounts.user_contacts_active_value;
-- One confirmed owner per value, whatever the type: the syntaxes of the types are disjoint, so that a login can only ever
-- mean one account. What nobody has confirmed, several may claim.
create unique index user_contacts_confirmed_value on accounts.user_contacts (value)
  where is_active and confirmed_at is not null;
create unique index user_contacts_own_value on accounts.user_contacts (user_id, value) where is_active;
create unique index user_contacts_primary on accounts.user_contacts (user_id, type) where is_primary;

-- People.

alter table accounts.users
  add column display_name text,
  add column bio text,
  add column country text,
  add column language text,
  add column is_guest boolean not null default false,
  add column deactivated_at timestamptz,
  add column deactivated_by uuid,
  add column contacts_released_at timestamptz,
  add column devices_since timestamptz,
  add constraint users_display_name_length check (char_length(display_name) between 3 and 30),
  add constraint users_bio_length check (char_length(bio) between 1 and 500),
  add constraint users_country_form check (country ~ '^[A-Z]{2}$'),
  add constraint users_language_form check (language ~ '^[a-z]{2,3}$'),
  add constraint users_guest_has_no_password check (not is_guest or password_hash is null),
  add constraint users_deactivation check (deactivated_at is null or not is_active),
  add constraint users_contacts_released check (contacts_released_at is null or deactivated_at is not null);
comment on column accounts.users.language is 'The language of messages to the person (ISO 639); null: that of the request.';
comment on column accounts.users.is_guest is 'Somebody without contacts and password, who has one session at most.';
comment on column accounts.users.deactivated_by is 'The user who did it, himself or an administrator.';
comment on column accounts.users.contacts_released_at is
  'Of a deactivated account: since when its contacts are free for others; null: they are reserved for it.';
comment on column accounts.users.devices_since is
  'When the password was last changed or reset: device tokens of before count as none. Null: all count.';
update accounts.users u set deactivated_at = u.updated_at where not u.is_active;
create index users_guests on accounts.users (created_at) where is_guest;
-- Those whose contacts are still reserved for them: it stays small however many accounts are ever closed.
create index users_deactivated on accounts.users (deactivated_at)
  where deactivated_at is not null and contacts_released_at is null;

alter table accounts.interfaces add column guest_role text references accounts.user_groups;
comment on column accounts.interfaces.guest_role is 'The role of guests who begin a session there; null: it has no guests.';
create index interfaces_guest_role on accounts.interfaces (guest_role);

-- What each trigger ends.

create table auth.revocation_triggers (
  name            text primary key,
  sessions        text not null,
  ends_challenges boolean not null,
  about           text not null,
  constraint revocation_triggers_sessions_known check (sessions in ('this', 'others', 'all'))
);
comment on table auth.revocation_triggers is
  'The cascade: which sessions a trigger ends, with their refresh and access tokens, and whether codes and links end, too.';
insert into auth.revocation_triggers (name, sessions, ends_challenges, about) values
  ('logout_this', 'this', false, 'Logout of this session'),
  ('logout_all', 'all', false, 'Logout of all sessions'),
  ('logout_others', 'others', false, 'Logout of all other sessions'),
  ('refresh_reuse', 'this', false, 'A refresh token used again'),
  ('password_change', 'others', true, 'A change of the password'),
  ('password_reset', 'all', true, 'A reset of a forgotten password'),
  ('account_deactivated', 'all', true, 'The account deactivated'),
  ('guest_upgraded', 'others', true, 'A guest who has registered'),
  ('guest_linked', 'all', true, 'A guest who has logged in to an account');

-- Challenges.

create table auth.challenges (
  id           uuid primary key,
  purpose      text not null,
  method       text not null,
  contact_type text not null references accounts.contact_types,
  contact      text not null,
  contact_id   uuid references accounts.user_contacts on delete cascade,
  user_id      uuid references accounts.users on delete cascade,
  secret_hash  text not null,
  tries_left   integer,
  created_at   timestamptz not null default now(),
  expires_at   timestamptz not null,
  ended_at     timestamptz,
  end_cause    text,
  constraint challenges_purpose_known
    check (purpose in ('registration', 'code_login', 'contact_confirmation', 'password_reset')),
  constraint challenges_method check (
    (method = 'code' and tries_left is not null and tries_left >= 0) or (method = 'link' and tries_left is null)
  ),
  constraint challenges_secret_hash_form check (secret_hash ~ '^[0-9a-f]{64}$'),
  constraint challenges_end check ((ended_at is null) = (end_cause is null)),
  constraint challenges_end_cause_known check (end_cause in ('used', 'replaced', 'tries_used_up', 'cascade'))
);
comment on table auth.challenges is
  'Codes and links that were sent, as hashes: what shows that a contact is somebody''s. user_id null: nobody has the contact.';
comment on column auth.challenges.tries_left is 'Of a code; a link has 256 bits, and needs no count.';
-- One live code or link a purpose and contact.
create unique index challenges_live on auth.challenges (purpose, contact, contact_id) nulls not distinct
  where ended_at is null;
create index challenges_expiry on auth.challenges (expires_at);
create index challenges_user on auth.challenges (user_id);
create index challenges_contact_id on auth.challenges (contact_id);
create index challenges_contact_type on auth.challenges (contact_type);

-- Messages.

create table auth.messages (
  id              uuid primary key default uuidv7(),
  channel         text not null,
  recipient       text not null,
  template        text not null,
  language        text not null,
  challenge_id    uuid references auth.challenges on delete set null,
  user_id         uuid references accounts.users on delete cascade,
  state           text not null default 'pending',
  attempts        integer not null default 0,
  next_attempt_at timestamptz not null default now(),
  created_at      timestamptz not null default now(),
  expires_at      timestamptz not null,
  sent_at         timestamptz,
  last_error      text,
  constraint messages_state_known check (state in ('pending', 'sending', 'sent', 'dead', 'suppressed')),
  constraint messages_recipient_form check (recipient <> '' and char_length(recipient) <= 320 and recipient !~ '[[:cntrl:]]'),
  constraint messages_last_error_length check (char_length(last_error) <= 1000),
  constraint messages_sent check ((state = 'sent') = (sent_at is not null))
);
comment on table auth.messages is
  'Mails and text messages, enqueued in the transaction that caused them. What they carry is not in them: codes and links are derived from the id of their challenge when they are sent.';
comment on column auth.messages.state is
  'suppressed: nobody is to get it; it is written so that an unknown contact costs what a known one does.';
comment on column auth.messages.next_attempt_at is
  'When somebody may take it; of one that is being sent: when its sender is taken for dead.';
create index messages_due on auth.messages (next_attempt_at) where state in ('pending', 'sending');
create index messages_by_state on auth.messages (state, id);
create index messages_age on auth.messages (created_at);
create index messages_challenge on auth.messages (challenge_id);
create index messages_user on auth.messages (user_id);

create table auth.message_quotas (
  subject    text primary key,
  used       integer not null,
  next_at    timestamptz not null default now(),
  expires_at timestamptz not null
);
comment on table auth.message_quotas is
  'How many messages were asked for: by contact and purpose, by contact, by client address; and sent, by channel.';
create index message_quotas_expiry on auth.message_quotas (expires_at);

-- An account's devices and sessions have counts of their own, whose subjects begin alike.
create index login_attempts_of_account on auth.login_attempts (subject text_pattern_ops) where subject like 'user:%:%';

-- Signatures that have changed.
drop function if exists accounts.create_user_contact(uuid, text, text);
drop function if exists accounts.get_active_user_contact_by_value(text);
drop function if exists auth.logout(uuid, uuid, text, uuid, timestamptz);
drop function if exists auth.delete_expired(integer, interval, interval);
drop function if exists auth.end_sessions(uuid, uuid[], text, uuid);
drop function if exists auth.record_revocations(text, uuid[], timestamptz[], uuid, text, uuid);
drop function if exists auth.create_session(uuid, uuid, text, text, inet, timestamptz, timestamptz);
