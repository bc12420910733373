-- Decides once more, in the transaction, what the front door has decided: that the caller's roles hold a permission.
-- Threat: an administrator whose role was taken away while his call was under way.
-- Internal: what administration does begins with it. accounts.lock_users comes before it where a row is changed.
create or replace function accounts.require_permission(p_actor uuid, p_permission text)
  returns void
  language plpgsql
  stable
  security definer
  set search_path = ''
as $$
begin
  if not accounts.has_permission(p_actor, p_permission) then
    raise exception 'PERMISSION_REQUIRED'
      using errcode = 'AU001', detail = jsonb_build_object('permission', p_permission)::text;
  end if;
end
$$;
comment on function accounts.require_permission is 'Raises PERMISSION_REQUIRED if no active role of the actor holds the permission.';
