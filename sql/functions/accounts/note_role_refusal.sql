-- Writes down that somebody was refused to give or take a role.
-- Threat: a caller who puts a text of his own into the audit, which nobody can change, and into what is published: the name of a role
-- is written only if there is such a role.
-- Internal: called by the functions that have refused. p_user_id null: somebody new.
create or replace function accounts.note_role_refusal(
  p_action text,
  p_actor uuid,
  p_user_id uuid,
  p_role text,
  p_organisation_id uuid
)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
begin
  perform auth.append_audit_event(
    p_action, p_actor, p_user_id, p_organisation_id, null,
    jsonb_strip_nulls(jsonb_build_object('role', (select g.name from accounts.user_groups g where g.name = p_role)))
  );
end
$$;
comment on function accounts.note_role_refusal is 'Appends a refusal to the audit, with the role if there is such a one.';
