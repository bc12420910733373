-- Decides at the front door whether a user may call an ADMIN method. A refusal leaves an entry in the audit.
-- Threats: somebody who tries what he is not permitted to, unseen. Somebody who fills the audit by trying: one entry a user,
-- permission and minute. Those who are refused at once wait for each other, and find the entry of the first.
create or replace function accounts.check_permission(p_user_id uuid, p_permission text, p_method text)
  returns boolean
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
begin
  if accounts.has_permission(p_user_id, p_permission) then
    return true;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('permission.refused ' || p_user_id || ' ' || p_permission, 0));
  if not exists (
    select from auth.audit_events e
     where e.actor_id = p_user_id and e.id > auth.first_id_at(clock_timestamp() - interval '1 minute')
       and e.action = 'permission.refused' and e.data ->> 'permission' = p_permission
  ) then
    perform auth.append_audit_event(
      'permission.refused', p_user_id, null, null, null,
      jsonb_build_object('permission', left(p_permission, 128), 'method', left(p_method, 256))
    );
  end if;
  return false;
end
$$;
comment on function accounts.check_permission is
  'Whether an active role of an active user holds the permission now; writes permission.refused if not, at most once a minute.';
grant execute on function accounts.check_permission to auth_service;
