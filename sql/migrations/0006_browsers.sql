-- Refresh tokens that are bound to a key of the client.

alter table auth.refresh_tokens add column refused_at timestamptz;
comment on column auth.refresh_tokens.refused_at is
  'When it was last noted that somebody without the key has presented a token of the session.';
