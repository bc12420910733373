-- Trades a code or the token of a link for what it shows: that whoever presents it has the contact.
--
-- Threats: parallel redemptions, of which one may succeed; parallel guesses, of which five are evaluated: both are decided under
-- the row's lock. A proof for one purpose used for another. A confirmation by another user than the one who asked.
--
-- It returns its outcome and never raises one: the count of a wrong code must be committed.
--   accepted  the secret is right; it is used up
--   wrong     a wrong code; tries_left says how many are left
--   used      the right secret, which was used before
--   gone      no such challenge, or one that has expired, was replaced, or has no tries left
create or replace function auth.redeem_challenge(
  p_id uuid,
  p_purpose text,
  p_secret_hash text,
  p_user_id uuid
)
  returns table (
    outcome text,
    user_id uuid,
    contact_type text,
    contact text,
    contact_id uuid,
    tries_left integer
  )
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_user_id uuid;
  v_challenge auth.challenges;
  v_is_right boolean;
begin
  outcome := 'gone';
  select h.user_id into v_user_id from auth.challenges h where h.id = p_id and h.purpose = p_purpose;
  -- Users are locked before what they have: a cascade takes the same way.
  perform from accounts.users u where u.id = v_user_id for no key update;
  select * into v_challenge from auth.challenges h where h.id = p_id and h.purpose = p_purpose for update;
  if v_challenge.id is null or (p_user_id is not null and v_challenge.user_id is distinct from p_user_id) then
    return next;
    return;
  end if;

  v_is_right := v_challenge.secret_hash = p_secret_hash;
  if v_challenge.ended_at is not null then
    if v_is_right and v_challenge.end_cause = 'used' then
      outcome := 'used';
    end if;
  elsif v_challenge.expires_at > clock_timestamp() then
    if v_is_right then
      outcome := 'accepted';
      user_id := v_challenge.user_id;
      contact_type := v_challenge.contact_type;
      contact := v_challenge.contact;
      contact_id := v_challenge.contact_id;
      update auth.challenges h set ended_at = now(), end_cause = 'used' where h.id = p_id;
      -- The next one need not wait. What counts by day stays. A row that a Start holds is left: it waits for this challenge.
      delete from auth.message_quotas q
       where q.subject = (
         select o.subject from auth.message_quotas o
          where o.subject = p_purpose || ':' || v_challenge.contact
            for update skip locked
       );
    elsif v_challenge.method = 'code' then
      outcome := 'wrong';
      tries_left := v_challenge.tries_left - 1;
      update auth.challenges h
         set tries_left = v_challenge.tries_left - 1,
             ended_at = case when v_challenge.tries_left = 1 then now() end,
             end_cause = case when v_challenge.tries_left = 1 then 'tries_used_up' end
       where h.id = p_id;
    end if;
  end if;
  return next;
end
$$;
comment on function auth.redeem_challenge is
  'Redeems a code or a link once and returns the outcome; p_user_id: the only one who may, or null.';
grant execute on function auth.redeem_challenge to auth_service;
