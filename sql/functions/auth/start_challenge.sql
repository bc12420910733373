-- Sends a code or a link to a contact.
--
-- Threats:
-- - An outsider who finds out who has an account: whether anybody has the contact decides what is sent, never what is answered
--   or done: a challenge and a message are written in any case, the message that nobody is to get as suppressed.
-- - An owner kept out by strangers who ask in his name: a device that has logged in before (p_device) has its own counts.
-- - A challenge that escapes what ends the others: the user's row is locked before his contact is looked at, in a way that
--   conflicts with every cascade.
-- - A flood: by contact and purpose one message, then pauses of 60 s, 2, 5 and 10 minutes; so many a day by contact; so many
--   an hour from one client address. The counts are taken under their rows' locks, the same for known and unknown contacts.
-- - Guessing: one live code a purpose and contact; the earlier one ends here.
-- - The secret: only its hash is stored. The service derives it from p_id and its own key, here and when it is sent.
--
-- Purposes: registration (the holder of a known address is told that he has an account), code_login (p_registers: a contact
-- without an account gets a code, too), password_reset, contact_confirmation (of p_contact_id of p_user_id: somebody else's is
-- not found).
create or replace function auth.start_challenge(
  p_id uuid,
  p_purpose text,
  p_method text,
  p_contact_type text,
  p_contact text,
  p_contact_id uuid,
  p_user_id uuid,
  p_secret_hash text,
  p_lifetime interval,
  p_registers boolean,
  p_language text,
  p_network text,
  p_contact_limit integer,
  p_network_limit integer,
  p_device text
)
  returns integer
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_waits constant interval[] := array['60 seconds', '2 minutes', '5 minutes', '10 minutes']::interval[];
  v_whose text := p_contact || coalesce(':device:' || p_device, '');
  v_asked text := p_purpose || ':' || v_whose;
  v_user_id uuid := p_user_id;
  v_template text := p_purpose;
  v_is_suppressed boolean := false;
  v_confirmed_at timestamptz;
  v_wait integer;
  v_resend integer;
begin
  -- The Starts of one contact and purpose, one at a time: one of their challenges is to live.
  perform pg_advisory_xact_lock(hashtextextended(p_purpose || ':' || p_contact, 0));

  if p_purpose = 'contact_confirmation' then
    perform from accounts.users u where u.id = p_user_id for share;
    select c.confirmed_at into v_confirmed_at
      from accounts.user_contacts c
     where c.id = p_contact_id and c.user_id = p_user_id and c.type = p_contact_type and c.value = p_contact
       and c.is_active;
    if not found then
      raise exception 'CONTACT_NOT_FOUND' using errcode = 'AU001';
    end if;
    if v_confirmed_at is not null then
      raise exception 'CONTACT_ALREADY_CONFIRMED' using errcode = 'AU001';
    end if;
  end if;

  v_wait := auth.reserve_message(v_asked, null, interval '1 day', v_waits);
  if v_wait = 0 then
    v_wait := auth.reserve_message('contact:' || v_whose, p_contact_limit, interval '1 day');
  end if;
  if v_wait = 0 and p_network is not null then
    v_wait := auth.reserve_message('network:' || p_network, p_network_limit, interval '1 hour');
  end if;
  if v_wait > 0 then
    -- Raised, so that all counts are as before: nothing is sent.
    raise exception 'MESSAGES_THROTTLED'
      using errcode = 'AU001', detail = jsonb_build_object('retry_after_seconds', v_wait)::text;
  end if;
  select ceil(extract(epoch from q.next_at - clock_timestamp())) into v_resend
    from auth.message_quotas q where q.subject = v_asked;

  if p_purpose = 'registration' then
    v_template := case when accounts.is_contact_available(p_contact) then 'registration' else 'registration_taken' end;
  elsif p_purpose <> 'contact_confirmation' then
    select c.user_id into v_user_id
      from accounts.user_contacts c
      join accounts.users u on u.id = c.user_id
     where c.value = p_contact and c.type = p_contact_type and c.is_active and c.confirmed_at is not null
       and u.is_active and u.deleted_at is null;
    -- Once more under the lock: it waits for whoever is taking the contact away, or is ending what is on its way.
    -- For a contact that nobody has, too: it costs the same.
    perform from accounts.users u where u.id = v_user_id for share;
    select c.user_id into v_user_id
      from accounts.user_contacts c
      join accounts.users u on u.id = c.user_id
     where c.value = p_contact and c.type = p_contact_type and c.is_active and c.confirmed_at is not null
       and u.is_active and u.deleted_at is null;
    v_is_suppressed := v_user_id is null and not (p_registers and accounts.is_contact_available(p_contact));
  end if;

  update auth.challenges h
     set ended_at = now(), end_cause = 'replaced'
   where h.purpose = p_purpose and h.contact = p_contact and h.contact_id is not distinct from p_contact_id
     and h.ended_at is null;
  insert into auth.challenges (
    id, purpose, method, contact_type, contact, contact_id, user_id, secret_hash, tries_left, expires_at
  ) values (
    p_id, p_purpose, p_method, p_contact_type, p_contact, p_contact_id, v_user_id, p_secret_hash,
    case p_method when 'code' then 5 end, now() + p_lifetime
  );
  perform auth.enqueue_message(
    t.channel, p_contact, v_template, p_language, v_user_id, p_id, now() + p_lifetime, v_is_suppressed
  )
    from accounts.contact_types t where t.name = p_contact_type;
  return v_resend;
end
$$;
comment on function auth.start_challenge is
  'Sends a code or a link to a contact and returns the seconds until the next may be asked for. Raises MESSAGES_THROTTLED, CONTACT_NOT_FOUND, CONTACT_ALREADY_CONFIRMED.';
grant execute on function auth.start_challenge to auth_service;
