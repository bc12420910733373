-- Lists users for administrators: those that pass every filter that is not null, from p_after on.
-- Threats: a list that costs more than it shows: at most 500 candidates are looked at, however few of them pass, and the list
-- says where it goes on. An administrator whose role was taken away a moment ago: accounts.require_permission.
-- next_position null: this was the end. There is one row at least, without a user where none of those looked at has passed; none
-- at all where p_after is no position.
create or replace function accounts.list_users(
  p_actor uuid,
  p_role text,
  p_organisation_id uuid,
  p_state text,
  p_prefix text,
  p_after uuid,
  p_limit integer
)
  returns table (next_position uuid, account jsonb)
  language plpgsql
  stable
  security definer
  set search_path = ''
as $$
declare
  v_most constant integer := 500;
  v_candidates uuid[];
  v_positions uuid[];
  v_users uuid[];
  v_ends uuid[];
  v_next uuid;
begin
  perform accounts.require_permission(p_actor, 'accounts.users.read');
  select c.user_ids, c.positions into v_candidates, v_positions
    from accounts.find_user_candidates(p_role, p_organisation_id, p_state, p_prefix, p_after, v_most) c;
  if not found then
    return;
  end if;

  -- One more tells whether there is a next page.
  select coalesce(array_agg(p.user_id order by p.place), '{}'), array_agg(p.position order by p.place) into v_users, v_ends
    from (
      select c.user_id, c.position, c.place
        from unnest(v_candidates, v_positions) with ordinality c (user_id, position, place)
        join accounts.users u on u.id = c.user_id
       where (p_state is null or accounts.account_state(u.deleted_at, u.is_active, u.is_guest) = p_state)
         and (p_role is null or exists (
           select from accounts.user_group_memberships m
            where m.user_id = u.id and m.group_name = p_role and m.is_active
         ))
         and (p_prefix is null or p_organisation_id is null or exists (
           select from accounts.user_contacts o where o.user_id = u.id and o.is_active and starts_with(o.value, p_prefix)
         ))
         -- By contact, each user once: at the first of his that begins so.
         and (p_prefix is null or p_organisation_id is not null or not exists (
           select from accounts.user_contacts o
             join accounts.user_contacts h on h.id = c.position
            where o.user_id = u.id and o.is_active and starts_with(o.value, p_prefix) and o.value ~<~ h.value
         ))
       order by c.place
       limit p_limit + 1
    ) p;
  if cardinality(v_users) > p_limit then
    v_users := v_users[1:p_limit];
    v_next := v_ends[p_limit];
  elsif cardinality(v_candidates) = v_most then
    v_next := v_positions[v_most];
  end if;

  return query
  -- Without what the product keeps of him: a page of it would be larger than clients take.
  select v_next, d.account - 'data'
    from (select) once
    left join accounts.describe_users(v_users) d on true
   order by array_position(v_users, d.user_id);
end
$$;
comment on function accounts.list_users is
  'A page of users, and where the next one begins. Raises PERMISSION_REQUIRED.';
grant execute on function accounts.list_users to auth_service;
