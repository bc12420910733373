-- What a replica reads to renew its lease: everything that was revoked after the revision it knows.
-- Stable on purpose: registration, revision and rows come from one snapshot, and that snapshot is taken after the replica
-- asked. All that had committed by then is in the answer, which is what the lease rests on.
create or replace function auth.read_revocations(p_replica_id uuid, p_after bigint, p_limit integer)
  returns table (is_registered boolean, revision bigint, keys_version bigint, entries jsonb)
  language sql
  stable
  security definer
  set search_path = ''
begin atomic
  select
    exists (
      select from auth.replicas r where r.id = p_replica_id and r.seen_at > clock_timestamp() - interval '10 seconds'
    ),
    s.revision,
    s.keys_version,
    case when s.revision > p_after then (
      select jsonb_agg(
               jsonb_build_array(v.revision, v.kind, v.subject, extract(epoch from v.expires_at)::bigint, v.roles)
               order by v.revision
             )
        from (
          select x.revision, x.kind, x.subject, x.expires_at, x.roles
            from auth.revocations x
           where x.revision > p_after
           order by x.revision
           limit p_limit
        ) v
    ) end
  from auth.revocation_state s;
end;
comment on function auth.read_revocations is
  'Revocations after a revision as [revision, kind, subject, expiry in epoch seconds, roles], with the latest revision.';
grant execute on function auth.read_revocations to auth_service;
