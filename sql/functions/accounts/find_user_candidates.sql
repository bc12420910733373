-- The next users that a list has to look at, by the narrowest of its filters: the organisation, else the beginning of a contact,
-- else the role, else the state, else none.
-- Threat: a filter that makes the database read everything: each branch is one range of one index, and ends after p_limit rows.
-- In the order of the list: the latest first, as ids are in the order of time; by the beginning of a contact, the contacts in
-- their order. A position is where the list goes on: the id of the user, or of the contact.
-- Internal: no row where p_after is no position any more.
create or replace function accounts.find_user_candidates(
  p_role text,
  p_organisation_id uuid,
  p_state text,
  p_prefix text,
  p_after uuid,
  p_limit integer
)
  returns table (user_ids uuid[], positions uuid[])
  language plpgsql
  stable
  security definer
  set search_path = ''
as $$
declare
  v_before uuid := coalesce(p_after, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid);
  v_value text := p_prefix;
  v_user_id uuid := '00000000-0000-0000-0000-000000000000';
begin
  if p_organisation_id is not null then
    user_ids := array(
      select m.user_id from accounts.organisation_members m
       where m.organisation_id = p_organisation_id and m.deleted_at is null and m.user_id < v_before
       order by m.user_id desc limit p_limit
    );
  elsif p_prefix is not null then
    if p_after is not null then
      select c.value, c.user_id into v_value, v_user_id from accounts.user_contacts c where c.id = p_after;
      if not found then
        return;
      end if;
    end if;
    select coalesce(array_agg(k.user_id order by k.value using ~<~, k.user_id), '{}'),
           coalesce(array_agg(k.id order by k.value using ~<~, k.user_id), '{}')
      into user_ids, positions
      from (
        -- Those that share the value of the position, and those behind it: two ranges, as a pair cannot be compared so.
        (select c.id, c.user_id, c.value from accounts.user_contacts c
          where c.is_active and c.value = v_value and c.user_id > v_user_id
          order by c.user_id limit p_limit)
        union all
        -- Up to the last character that there is: what begins with the prefix.
        (select c.id, c.user_id, c.value from accounts.user_contacts c
          where c.is_active and c.value ~>~ v_value and c.value ~<~ (p_prefix || chr(1114111))
          order by c.value using ~<~, c.user_id limit p_limit)
        order by 3 using ~<~, 2 limit p_limit
      ) k;
    return next;
    return;
  elsif p_role is not null then
    -- He may hold it in several organisations: each of them is an entry that is read.
    user_ids := array(
      select distinct m.user_id from accounts.user_group_memberships m
       where m.group_name = p_role and m.is_active and m.user_id < v_before
       order by m.user_id desc limit p_limit
    );
  elsif p_state = 'active' then
    user_ids := array(
      select u.id from accounts.users u
       where u.is_active and u.deleted_at is null and not u.is_guest and u.id < v_before
       order by u.id desc limit p_limit
    );
  elsif p_state = 'deactivated' then
    user_ids := array(
      select u.id from accounts.users u
       where not u.is_active and u.deleted_at is null and u.id < v_before
       order by u.id desc limit p_limit
    );
  elsif p_state = 'deleted' then
    user_ids := array(
      select u.id from accounts.users u
       where u.deleted_at is not null and u.id < v_before
       order by u.id desc limit p_limit
    );
  elsif p_state = 'guest' then
    user_ids := array(
      select u.id from accounts.users u
       where u.is_guest and u.is_active and u.deleted_at is null and u.id < v_before
       order by u.id desc limit p_limit
    );
  else
    user_ids := array(select u.id from accounts.users u where u.id < v_before order by u.id desc limit p_limit);
  end if;
  positions := user_ids;
  return next;
end
$$;
comment on function accounts.find_user_candidates is
  'At most p_limit users behind a position, by the narrowest filter alone, and the position of each.';
