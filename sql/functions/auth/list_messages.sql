-- Messages in one state for administrators, the newest first, from after p_before on; ids are in the order of time.
-- Threat: suppressed messages tell for which contacts there is no account; nobody is shown them.
create or replace function auth.list_messages(p_state text, p_before uuid, p_limit integer)
  returns table (
    id uuid,
    channel text,
    recipient text,
    template text,
    language text,
    state text,
    attempts integer,
    last_error text,
    created_at timestamptz,
    expires_at timestamptz,
    sent_at timestamptz
  )
  language sql
  stable
  security definer
  set search_path = ''
begin atomic
  select m.id, m.channel, m.recipient, m.template, m.language, m.state, m.attempts, m.last_error, m.created_at,
         m.expires_at, m.sent_at
    from auth.messages m
   where m.state = p_state and m.state <> 'suppressed'
     and m.id < coalesce(p_before, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
   order by m.id desc
   limit p_limit;
end;
comment on function auth.list_messages is 'Messages in a state, the newest first, older than p_before; null: from the newest on.';
grant execute on function auth.list_messages to auth_service;
