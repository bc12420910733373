-- Gives revocations their revisions and stores them.
-- Threat: a replica that reads revision 8 and never sees 7, because 7 committed later. The row lock on the state is held
-- until commit, so revisions become visible in their order. Call it last in a transaction: others wait for that lock.
-- Internal: called by functions that have decided what ends. p_actor is the user who did it; null: the service itself.
-- p_roles: of a change of roles, those from then on.
create or replace function auth.record_revocations(
  p_kind text,
  p_subjects uuid[],
  p_expire_times timestamptz[],
  p_user_id uuid,
  p_trigger text,
  p_actor uuid,
  p_roles text[] default null
)
  returns bigint
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_revision bigint;
begin
  update auth.revocation_state s
     set revision = s.revision + cardinality(p_subjects)
  returning s.revision into v_revision;

  insert into auth.revocations (revision, kind, subject, user_id, trigger, expires_at, revoked_by, roles)
  select v_revision - cardinality(p_subjects) + x.position, p_kind, x.subject, p_user_id, p_trigger, x.expires_at, p_actor,
         p_roles
    from unnest(p_subjects, p_expire_times) with ordinality as x (subject, expires_at, position);
  return v_revision;
end
$$;
comment on function auth.record_revocations is 'Stores revocations in revision order and returns the latest revision.';
