-- Makes sure that a user can head one organisation more.
-- Threat: organisations without end, and heads who pass theirs on to somebody in order to create others.
-- Internal: called under the lock of the user's row, as everything that makes a head does: two at once are counted both.
create or replace function accounts.require_room_to_head(p_user_id uuid)
  returns void
  language plpgsql
  stable
  security definer
  set search_path = ''
as $$
declare
  v_limit constant integer := 20;
begin
  if v_limit <= (
    select count(*) from accounts.organisation_members o
      join accounts.organisations n on n.id = o.organisation_id
     where o.user_id = p_user_id and o.is_head and o.deleted_at is null and n.deleted_at is null
  ) then
    raise exception 'ORGANISATION_LIMIT' using errcode = 'AU001', detail = jsonb_build_object('limit', v_limit)::text;
  end if;
end
$$;
comment on function accounts.require_room_to_head is 'Raises ORGANISATION_LIMIT for a user who heads 20 organisations.';
