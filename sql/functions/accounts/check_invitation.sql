-- Looks at the token of an invitation without using it up: before a form is shown, and before a password is hashed for it.
-- Threat: a guess: only who shows the secret is told where it was sent, whereto it leads and with which roles.
create or replace function accounts.check_invitation(p_id uuid, p_secret_hash text)
  returns table (
    outcome text,
    contact_type text,
    contact text,
    expires_at timestamptz,
    organisation_name text,
    roles text[]
  )
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
         h.contact_type, h.contact, h.expires_at, n.name, i.roles
    from auth.challenges h
    join accounts.organisation_invitations i on i.challenge_id = h.id
    join accounts.organisations n on n.id = i.organisation_id
   where h.id = p_id and h.purpose = 'invitation' and h.secret_hash = p_secret_hash;
end;
comment on function accounts.check_invitation is
  'What an invitation is worth now: accepted, used or gone; and whereto it leads. No row for an unknown one.';
grant execute on function accounts.check_invitation to auth_service;
