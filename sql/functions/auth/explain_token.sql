-- What is known of a token, for the administrator who asks why it is refused: the revocations that block it, its session,
-- its account. The ids come from a token whose signature was right; null is what it does not say.
-- Threat: staff who look into people's sessions unseen. Nobody is answered without the event that says who asked about whom;
-- the token itself never comes here.
-- The last statement is one snapshot: a session that has ended is never seen without its revocation.
create or replace function auth.explain_token(p_token_id uuid, p_session_id uuid, p_user_id uuid, p_actor uuid)
  returns table (
    revision bigint,
    revocations jsonb,
    session_created_at timestamptz,
    session_last_used_at timestamptz,
    session_expires_at timestamptz,
    session_ended_at timestamptz,
    session_end_trigger text,
    session_ended_by uuid,
    account_is_active boolean
  )
  language sql
  volatile
  security definer
  set search_path = ''
begin atomic
  select auth.append_audit_event(
    'token.explained', p_actor, p_user_id, null, p_session_id,
    jsonb_strip_nulls(jsonb_build_object('actor', p_actor, 'token_id', p_token_id))
  );

  select
    r.revision,
    (
      select coalesce(jsonb_agg(
               jsonb_build_object(
                 'revision', v.revision, 'kind', v.kind, 'subject', v.subject,
                 'trigger', v.trigger, 'created_at', v.created_at, 'revoked_by', v.revoked_by
               )
               order by v.revision), '[]')
        from auth.revocations v
       where (v.kind = 'token' and v.subject = p_token_id) or (v.kind = 'session' and v.subject = p_session_id)
    ),
    s.created_at, s.last_used_at, s.expires_at, s.ended_at, s.end_trigger, s.ended_by,
    u.is_active and u.deleted_at is null
  from auth.revocation_state r
  left join auth.sessions s on s.id = p_session_id
  left join accounts.users u on u.id = p_user_id;
end;
comment on function auth.explain_token is
  'Revocations in their order, session and account of a token; writes the event token.explained.';
grant execute on function auth.explain_token to auth_service;
