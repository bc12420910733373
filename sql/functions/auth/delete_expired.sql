-- Removes what has outlived its use, a bounded number of rows a call; the service calls it by itself, on every replica.
-- Threat: a revocation that is removed while a token it blocks lives. Revocations are kept five minutes past the expiry of
-- the token, which is more than the leeway of any verifier and the clock differences between machines.
create or replace function auth.delete_expired(
  p_batch integer,
  p_session_retention interval,
  p_event_retention interval,
  p_message_retention interval
)
  returns table (relation text, removed bigint)
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
begin
  relation := 'auth.revocations';
  with old as (
    select v.revision from auth.revocations v where v.expires_at < now() - interval '5 minutes'
     order by v.expires_at limit p_batch for update skip locked
  ), gone as (
    delete from auth.revocations v using old where v.revision = old.revision returning 1
  )
  select count(*) into removed from gone;
  return next;

  -- A session is kept for a while after its end, and never removed before its last access token has expired.
  relation := 'auth.sessions';
  with old as (
    select s.id from auth.sessions s
     where (s.ended_at < now() - p_session_retention or s.expires_at < now() - p_session_retention)
       and s.access_expires_at < now() - interval '5 minutes'
     limit p_batch for update skip locked
  ), gone as (
    delete from auth.sessions s using old where s.id = old.id returning 1
  )
  select count(*) into removed from gone;
  return next;

  relation := 'auth.refresh_tokens';
  with old as (
    select t.session_id from auth.refresh_tokens t where t.expires_at < now() - p_session_retention
     order by t.expires_at limit p_batch for update skip locked
  ), gone as (
    delete from auth.refresh_tokens t using old where t.session_id = old.session_id returning 1
  )
  select count(*) into removed from gone;
  return next;

  relation := 'auth.registrations';
  with old as (
    select r.key_hash from auth.registrations r where r.expires_at < now()
     order by r.expires_at limit p_batch for update skip locked
  ), gone as (
    delete from auth.registrations r using old where r.key_hash = old.key_hash returning 1
  )
  select count(*) into removed from gone;
  return next;

  relation := 'auth.login_attempts';
  with old as (
    select a.subject from auth.login_attempts a where a.expires_at < now()
     order by a.expires_at limit p_batch for update skip locked
  ), gone as (
    delete from auth.login_attempts a using old where a.subject = old.subject returning 1
  )
  select count(*) into removed from gone;
  return next;

  relation := 'auth.outbox_events';
  with old as (
    select e.id from auth.outbox_events e where e.occurred_at < now() - p_event_retention
     order by e.occurred_at limit p_batch for update skip locked
  ), gone as (
    delete from auth.outbox_events e using old where e.id = old.id returning 1
  )
  select count(*) into removed from gone;
  return next;

  -- Kept for a day: who comes with an old link is told that it is over, and a message that could not be sent is explained.
  relation := 'auth.challenges';
  with old as (
    select h.id from auth.challenges h where h.expires_at < now() - interval '1 day'
     order by h.expires_at limit p_batch for update skip locked
  ), gone as (
    delete from auth.challenges h using old where h.id = old.id returning 1
  )
  select count(*) into removed from gone;
  return next;

  relation := 'auth.messages';
  with old as (
    select m.id from auth.messages m where m.created_at < now() - p_message_retention
     order by m.created_at limit p_batch for update skip locked
  ), gone as (
    delete from auth.messages m using old where m.id = old.id returning 1
  )
  select count(*) into removed from gone;
  return next;

  relation := 'auth.message_quotas';
  with old as (
    select q.subject from auth.message_quotas q where q.expires_at < now()
     order by q.expires_at limit p_batch for update skip locked
  ), gone as (
    delete from auth.message_quotas q using old where q.subject = old.subject returning 1
  )
  select count(*) into removed from gone;
  return next;

  -- Guests whose last session has been removed; a day for one who is just beginning.
  relation := 'accounts.users';
  with old as (
    select u.id from accounts.users u
     where u.is_guest and u.created_at < now() - interval '1 day'
       and not exists (select from auth.sessions s where s.user_id = u.id)
     order by u.created_at limit p_batch for update skip locked
  ), gone as (
    delete from accounts.users u using old where u.id = old.id returning 1
  )
  select count(*) into removed from gone;
  return next;

  relation := 'auth.replicas';
  with gone as (
    delete from auth.replicas r where r.seen_at < now() - interval '1 hour' returning 1
  )
  select count(*) into removed from gone;
  return next;

  relation := 'auth.signing_keys';
  with gone as (
    delete from auth.signing_keys k where k.retired_at < now() - interval '1 day' returning 1
  )
  select count(*) into removed from gone;
  return next;
end
$$;
comment on function auth.delete_expired is 'Removes expired rows, at most p_batch of every kind that grows with use; returns how many of each.';
grant execute on function auth.delete_expired to auth_service;
