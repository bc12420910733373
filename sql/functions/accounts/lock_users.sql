-- Locks who acts and whom it is about, before anything is decided about the two.
-- Threats: a head who loses his role while he gives one: whoever changes a user's roles, memberships or state holds his row, and
-- a giver holds his own against that. Two who act on each other: the rows are locked in the order of their ids.
-- Internal: what one user does to another begins with it. Both may be the same; p_user_id null: somebody new.
create or replace function accounts.lock_users(p_actor uuid, p_user_id uuid)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
begin
  if p_user_id is null or p_actor < p_user_id then
    perform from accounts.users u where u.id = p_actor for share;
  end if;
  perform from accounts.users u where u.id = p_user_id for no key update;
  if p_actor > p_user_id then
    perform from accounts.users u where u.id = p_actor for share;
  end if;
end
$$;
comment on function accounts.lock_users is 'Locks the actor''s row against change and the other user''s row for one.';
