-- Looks at the token of a link without using it up: before a form is shown, and before a password is hashed for it.
-- Threat: codes are not looked at here: a look would be a guess that nobody counts.
create or replace function auth.check_challenge(p_id uuid, p_purpose text, p_secret_hash text)
  returns table (outcome text, user_id uuid, contact text, expires_at timestamptz)
  language sql
  stable
  security definer
  set search_path = ''
begin atomic
  select case
           when h.end_cause = 'used' then 'used'
           when h.ended_at is not null or h.expires_at <= clock_timestamp() then 'gone'
           else 'accepted'
         end,
         h.user_id, h.contact, h.expires_at
    from auth.challenges h
   where h.id = p_id and h.purpose = p_purpose and h.method = 'link' and h.secret_hash = p_secret_hash;
end;
comment on function auth.check_challenge is 'What a link''s token is worth now: accepted, used or gone; no row for an unknown one.';
grant execute on function auth.check_challenge to auth_service;
