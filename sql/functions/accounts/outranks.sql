-- Compares two users by the roles that they hold as such.
-- Threat: two functions that draw the line of rank in different places: what one hides, the other would change.
-- Internal: what is decided about a user by rank, outside of organisations, goes through it. Equals do not outrank each other.
create or replace function accounts.outranks(p_user_id uuid, p_actor uuid)
  returns boolean
  language plpgsql
  stable
  security definer
  set search_path = ''
as $$
begin
  return accounts.highest_level(p_user_id, null) > accounts.highest_level(p_actor, null);
end
$$;
comment on function accounts.outranks is 'Whether a user ranks higher than the actor.';
