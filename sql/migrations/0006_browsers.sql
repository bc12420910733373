-- Refresh tokens that are bound to a key of the client.

alter table auth.refresh_tokens add column refused_at timestamptz;
comment on column auth.refresh_tokens.refused_at is
  'When it was last noted that somebody without the key has presented a token of the session.';

-- Tabs that are loaded anew before they have answered present tokens that are several generations old: the function has to know
-- when each was replaced.
alter table auth.refresh_tokens add column rotations timestamptz[] not null default '{}';
comment on column auth.refresh_tokens.rotations is
  'Of a bound token: when it was last rotated, the latest first, as far back as the grace goes; 100 at the most.';
alter table auth.refresh_tokens add constraint refresh_tokens_rotations check (cardinality(rotations) <= 100);

-- They take and return more than before.
drop function if exists accounts.get_profile(uuid);
drop function if exists auth.consume_refresh_token(text, uuid, integer, text, interval, timestamptz, timestamptz);
